/* What the Swift core needs of C and cannot say itself. */
#ifndef LSTM_CSUPPORT_H
#define LSTM_CSUPPORT_H

#include "Meeting.h"

/* The best kernel set that this processor runs: 0 baseline, 3 x86-64-v3 (AVX2, FMA), 4 x86-64-v4 (AVX-512). */
int lstm_support_cpu_level(void);

/* Whether tiles of 512-bit vectors had better meet a group's weights whole than in pieces of what the first cache holds: where one multiply-add a
 * cycle leaves the second cache time enough. Zen 4: LSTM 256, 512 with batch 32 takes 92 instead of 96 ms. Processors that make two want pieces. */
int lstm_support_meets_whole(void);

/* The number of the processor that this thread runs on at the moment; -1 if the system does not tell. */
int lstm_support_processor(void);

/* How many forks lie between the process that loaded this library and the one that asks: a child has none of its parent's threads. */
int lstm_support_forks(void);

/* This thread's error message: LSTM_SUPPORT_MESSAGE_BYTES bytes, zeroed at the thread's start. */
#define LSTM_SUPPORT_MESSAGE_BYTES 2048
char *lstm_support_message(void);

/* A step of Adam for `count` weights w with gradients g, means m and mean squares v; `largest`: the largest mean squares so far, or NULL. Nothing overlaps.
 * `rest1` is 1 - beta 1, `rest2` 1 - beta 2. Here, since Swift's square root is a branch for each number, which keeps its loops from vectors. */
void lstm_support_adam(float *w, const float *g, float *m, float *v, float *largest, long count, float scale, float rest1, float rest2, float epsilon);
void lstm_support_adam64(double *w, const double *g, double *m, double *v, double *largest, long count, double scale, double rest1, double rest2,
                         double epsilon);

#endif
