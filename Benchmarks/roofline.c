#include "roofline.h"

#include <time.h>

#if defined(__AVX512F__)
typedef float vector __attribute__((vector_size(64)));
#elif defined(__AVX__)
typedef float vector __attribute__((vector_size(32)));
#else
typedef float vector __attribute__((vector_size(16)));
#endif

/* Sums enough for the multipliers' latency, few enough for the registers, which hold two more numbers. */
#if defined(__AVX512F__) || defined(__aarch64__)
enum { REGISTERS = 32 };
#else
enum { REGISTERS = 16 };
#endif
enum { LANES = sizeof(vector) / sizeof(float), SUMS = REGISTERS >= 32 ? 16 : 12 };

static volatile float sink;

static clockid_t used = CLOCK_MONOTONIC;

void count_own_time(int own) { used = own ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC; }

double now(void) {
  struct timespec time;
  clock_gettime(used, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int vector_floats(void) { return LANES; }

static void keep(const vector *sums) {
  vector all = sums[0];
  for (int i = 1; i < SUMS; i++) all += sums[i];
  sink = all[0];
}

double run_flops(int64_t count) {
  vector sums[SUMS], factor = (vector){0} + 0.999f, addend = (vector){0} + 1e-3f;
  for (int i = 0; i < SUMS; i++) sums[i] = factor;
  for (int64_t round = 0; round < count; round++) {
    for (int i = 0; i < SUMS; i++) sums[i] = sums[i] * factor + addend;
    /* Or the compiler computes the end. */
    __asm__ volatile("" : "+x"(factor), "+x"(addend));
  }
  keep(sums);
  return 2.0 * SUMS * LANES * (double)count;
}

void run_read(const float *weights, size_t bytes, int64_t rounds) {
  vector sums[SUMS] = {{0}}, factor = (vector){0} + 0.5f;
  size_t vectors = bytes / sizeof(vector);
  for (int64_t round = 0; round < rounds; round++) {
    const vector *w = (const vector *)weights, *end = w + vectors;
    for (; w + SUMS <= end; w += SUMS)
      for (int i = 0; i < SUMS; i++) sums[i] += w[i] * factor;
    for (; w < end; w++) sums[0] += *w * factor;
    __asm__ volatile("" : "+x"(factor) : : "memory");
  }
  keep(sums);
}
