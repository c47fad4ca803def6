/* Products of rows with packed weights of few bytes by instructions that Swift has no names for: vdpbf16ps (AVX512_BF16) and vpdpwssd (AVX512_VNNI). */
#ifndef LSTM_CDOT_H
#define LSTM_CDOT_H

#include <stdint.h>

/* Whether this processor has both instructions. */
int lstm_dot_supported(void);

/* `out[r] = start + x[r] · W`, the weights and x in words of 32 bits.
 *
 * bf16: a word holds two numbers, the one for the smaller k in its upper half. Each sum is one chain over k in ascending order, as by two multiply-adds
 * a word, but that numbers below 2⁻¹²⁶ count as zeros.
 * int8: a word of x holds two 16-bit numbers, one of the weights four 8-bit ones: the lower bytes of its halves meet one word of x, the upper bytes the
 * next. Sums are exact; in the end `out = start + sum · scales · (the number behind the row of x)`.
 *
 * Shapes: `x [rows, words]`, rows `x_stride` words apart; `weights [groups, vectors, panels, 16]` with `vectors` = words (bf16) or words / 2 (int8, whose
 * words are even); `start` and `scales [groups, panels, 16]`, scales with int8 only; `out [rows, groups, panels, 16]`, rows `out_stride` apart. Weights,
 * start, scales and out are aligned to 64 bytes. Panels are 1, 3 or 4. */
typedef struct lstm_dot_product {
  const float *x;
  int64_t x_stride, words, rows;
  const float *weights, *start, *scales;
  int64_t groups, panels;
  float *out;
  int64_t out_stride;
} lstm_dot_product;

/* Rows of numbers as words of two bf16 numbers, rounded to nearest, ties to even; numbers below 2⁻¹²⁶ become zeros, which the product takes them for.
 *
 * Shapes: `x [rows, count]`, rows `x_stride` apart, any alignment; `words [rows, ⌈count / 2⌉]`, rows `words_stride` words apart, each with room for 16
 * words more; behind an odd number stands a zero. */
void lstm_dot_round(const float *x, int64_t x_stride, int64_t rows, int64_t count, float *words, int64_t words_stride);

void lstm_dot_bf16(const lstm_dot_product *it);
void lstm_dot_int8(const lstm_dot_product *it);

#endif
