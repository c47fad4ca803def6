/* What this machine can do, measured beside the library: multiply-adds, reading weights from each cache, handing over between threads. */
#ifndef ROOFLINE_H
#define ROOFLINE_H

#include <stddef.h>
#include <stdint.h>

/* Whether now() counts this thread's own time, or what goes by. */
void count_own_time(int own);

/* Seconds now. */
double now(void);

/* Floats that one fused multiply-add takes in this build. */
int vector_floats(void);

/* Runs `count` rounds of independent multiply-adds; returns the flops made. */
double run_flops(int64_t count);

/* Reads `bytes` of weights once for each of `rounds`, one multiply-add for each vector, as one step of one stream must. */
void run_read(const float *weights, size_t bytes, int64_t rounds);

#endif
