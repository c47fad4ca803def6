/* Where threads share a row of steps, each cut into parts: whoever claims a part first does it, and a step is over when all its parts are done. A thread
 * that the system has set aside holds up the others only while it is in the middle of a part; what it has not claimed, they do. */
#ifndef LSTM_MEETING_H
#define LSTM_MEETING_H

#include <sched.h>
#include <stdint.h>
#include <time.h>

/* A number in a cache line of its own. A meeting is 1 + parts of them, zeros at first: parts done in all, and for each part the steps of it that have
 * been claimed. */
typedef struct lstm_meeting_word {
  int64_t count;
  char apart[56];
} lstm_meeting_word;

/* Tells the processor that this thread waits in a loop. */
static inline void lstm_support_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Looks in a loop for some 10 µs, long enough for threads that run at the same time. */
#define LSTM_SUPPORT_LOOKS 500

/* What a thread does between its looks number `looks` and the next: it pauses, then lets other threads run, then sleeps. */
static inline void lstm_support_wait(int64_t looks) {
  if (looks < LSTM_SUPPORT_LOOKS) {
    lstm_support_pause();
  } else if (looks < LSTM_SUPPORT_LOOKS + 100) {
    sched_yield();
  } else {
    struct timespec time = {0, 50000};
    nanosleep(&time, NULL);
  }
}

/* Whether the part of this step is the caller's: nobody had claimed it. */
static inline int lstm_meeting_claim(lstm_meeting_word *meeting, int64_t part, int64_t step) {
  int64_t *claimed = &meeting[1 + part].count, expected = step;
  if (__atomic_load_n(claimed, __ATOMIC_RELAXED) != step) return 0;
  return __atomic_compare_exchange_n(claimed, &expected, step + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* A part is done. */
static inline void lstm_meeting_end(lstm_meeting_word *meeting) { __atomic_fetch_add(&meeting->count, 1, __ATOMIC_SEQ_CST); }

/* Whether all parts of a step are done; then the caller sees what they wrote. */
static inline int lstm_meeting_over(const lstm_meeting_word *meeting, int64_t parts, int64_t step) {
  return __atomic_load_n(&meeting->count, __ATOMIC_SEQ_CST) >= parts * (step + 1);
}

/* The next part of a step that the caller, whose own part is `own`, is to do; -1 when the step is over. It waits a little before it takes others' parts,
 * unless `alone` says that it had to in the step before. */
static inline int64_t lstm_meeting_next(lstm_meeting_word *meeting, int64_t parts, int64_t own, int64_t step, int32_t *alone) {
  if (lstm_meeting_claim(meeting, own, step)) return own;
  for (int64_t looks = 0; !lstm_meeting_over(meeting, parts, step); looks++) {
    if (*alone || looks % 64 == 63) {
      for (int64_t part = 0; part < parts; part++)
        if (part != own && lstm_meeting_claim(meeting, part, step)) {
          *alone = 1;
          return part;
        }
      *alone = 0;
    }
    lstm_support_wait(looks);
  }
  return -1;
}

#endif
