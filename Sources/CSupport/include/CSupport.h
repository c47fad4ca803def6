/* What the Swift core needs of C and cannot say itself. */
#ifndef LSTM_CSUPPORT_H
#define LSTM_CSUPPORT_H

/* The best kernel set that this processor runs: 0 baseline, 3 x86-64-v3 (AVX2, FMA), 4 x86-64-v4 (AVX-512). */
int lstm_support_cpu_level(void);

/* This thread's error message: LSTM_SUPPORT_MESSAGE_BYTES bytes, "" where lstm_support_succeeded() was called last. */
#define LSTM_SUPPORT_MESSAGE_BYTES 2048
char *lstm_support_message(void);

/* Whether this thread's message counts. A byte at a fixed distance from the thread's pointer: each call clears it, at the price of a store. */
extern _Thread_local char lstm_support_failed __attribute__((visibility("hidden"), tls_model("initial-exec")));
static inline void lstm_support_succeeded(void) { lstm_support_failed = 0; }
/* The message's place, to be written to; it counts from now on. */
static inline char *lstm_support_failing(void) {
  char *message = lstm_support_message();
  lstm_support_failed = 1;
  return message;
}

#endif
