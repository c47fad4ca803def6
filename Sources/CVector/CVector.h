/* Arithmetic on whole vectors. Swift's own is written lane by lane, and its optimiser takes minutes to join hundreds of lanes again; these are one
 * instruction each from the start. Compiled for the processor and precision of the module that imports them; nothing here is bound to x86. */
#ifndef LSTM_CVECTOR_H
#define LSTM_CVECTOR_H

#include <stdint.h>

#if defined(LSTM_V4)
#define LSTM_VECTOR_BYTES 64
#elif defined(LSTM_V3)
#define LSTM_VECTOR_BYTES 32
#else
#define LSTM_VECTOR_BYTES 16
#endif

#if defined(LSTM_FLOAT64)
typedef double lstm_number;
typedef int64_t lstm_integer;
#define LSTM_EXPONENT_SHIFT 52
#else
typedef float lstm_number;
typedef int32_t lstm_integer;
#define LSTM_EXPONENT_SHIFT 23
#endif

typedef lstm_number lstm_vector __attribute__((ext_vector_type(LSTM_VECTOR_BYTES / sizeof(lstm_number))));
typedef lstm_integer lstm_bits __attribute__((ext_vector_type(LSTM_VECTOR_BYTES / sizeof(lstm_integer))));

#define LSTM_OPERATION static inline __attribute__((always_inline)) lstm_vector

LSTM_OPERATION lstm_all(lstm_number a) { return (lstm_vector)a; }
LSTM_OPERATION lstm_add(lstm_vector a, lstm_vector b) { return a + b; }
LSTM_OPERATION lstm_subtract(lstm_vector a, lstm_vector b) { return a - b; }
LSTM_OPERATION lstm_multiply(lstm_vector a, lstm_vector b) { return a * b; }
LSTM_OPERATION lstm_divide(lstm_vector a, lstm_vector b) { return a / b; }

/* a + b · c: rounded once where the processor can do that in one instruction; elsewhere that would be a call for each lane. */
LSTM_OPERATION lstm_fused(lstm_vector a, lstm_vector b, lstm_vector c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__aarch64__)
  return __builtin_elementwise_fma(b, c, a);
#else
#pragma clang fp contract(off)
  return a + b * c;
#endif
}

/* The lesser and the greater, lane by lane; NaN where b is NaN. */
LSTM_OPERATION lstm_lesser(lstm_vector a, lstm_vector b) { return a < b ? a : b; }
LSTM_OPERATION lstm_greater(lstm_vector a, lstm_vector b) { return a > b ? a : b; }

/* c where a < b, d elsewhere, also where one of the two is NaN. */
LSTM_OPERATION lstm_below(lstm_vector a, lstm_vector b, lstm_vector c, lstm_vector d) { return a < b ? c : d; }

LSTM_OPERATION lstm_negated(lstm_vector a) { return -a; }
LSTM_OPERATION lstm_magnitude(lstm_vector a) { return __builtin_elementwise_abs(a); }
LSTM_OPERATION lstm_with_sign(lstm_vector of, lstm_vector magnitude) {
  const lstm_bits sign = (lstm_bits)((lstm_integer)1 << (8 * sizeof(lstm_integer) - 2)) * 2;
  return (lstm_vector)((lstm_bits)magnitude | ((lstm_bits)of & sign));
}

/* The lowest bits of a, as an exponent. */
LSTM_OPERATION lstm_as_exponent(lstm_vector a) { return (lstm_vector)((lstm_bits)a << LSTM_EXPONENT_SHIFT); }

/* a where all bits of the mask are set, b where none is. */
LSTM_OPERATION lstm_chosen(lstm_vector a, lstm_vector b, lstm_bits mask) {
  return (lstm_vector)(((lstm_bits)a & mask) | ((lstm_bits)b & ~mask));
}

/* Room for the sums of so many rows with up to four vectors each, and for finding where vectors are aligned. Made of numbers, since Swift imports no array
 * of vectors, and of parts, since it makes tuples of arrays. */
#define LSTM_SUMS_ROWS 48
typedef struct lstm_sums_row {
  struct lstm_sums_vector {
    lstm_number numbers[LSTM_VECTOR_BYTES / sizeof(lstm_number)];
  } vectors[4];
} lstm_sums_row;
typedef struct lstm_sums {
  lstm_sums_row rows[LSTM_SUMS_ROWS + 1];
} lstm_sums;

/* Asks for the cache line at an address that will be read soon; the address may be any. */
static inline __attribute__((always_inline)) void lstm_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#include "LowPrecision.h"

#endif
