/* Products of rows with packed weights of few bytes by instructions that Swift has no names for: vdpbf16ps (AVX512_BF16) and vpdpbusd (AVX512_VNNI). */
#ifndef LSTM_CDOT_H
#define LSTM_CDOT_H

#include <stdint.h>

/* Whether this processor has both instructions. */
int lstm_dot_supported(void);

/* How weights of few bytes lie, and what multiplies them: the vectors of Swift (bf16, or integers of either size), or the functions below. */
enum { LSTM_LOW_BF16, LSTM_LOW_INTEGERS, LSTM_DOT_BF16, LSTM_DOT_INT8, LSTM_DOT_W8A8 };

/* `out[r] = start + x[r] · W`, the weights and x in words of 32 bits.
 *
 * bf16: a word holds two numbers, the one for the smaller k in its upper half. Each sum is one chain over k in ascending order, as by two multiply-adds
 * a word, but that numbers below 2⁻¹²⁶ count as zeros.
 * int8: a word of weights holds 8-bit numbers for k, k + 2, k + 1, k + 3, and meets two words of x, as lstm_dot_quantize() makes them: of 16-bit numbers,
 * 32768 added, one has the lower bytes and one the upper. `offsets` takes away what was added: -32768 times the sum of each column's weights, an integer
 * of 32 bits. Sums are exact; in the end `out = start + sum · scales · (the number behind the row of x)`.
 * w8a8: likewise, but that a word of weights meets one word of x, of 8-bit numbers, 128 added; `offsets` are -128 times the sums.
 *
 * Shapes: `x [rows, words]`, rows `x_stride` words apart; `weights [groups, vectors, panels, 16]` with `vectors` = words (bf16, w8a8) or words / 2 (int8,
 * whose words are even); `start`, `scales` and `offsets [groups, panels, 16]`, the latter two not with bf16; `out [rows, groups, panels, 16]`, rows
 * `out_stride` apart. Weights, start, scales, offsets and out are aligned to 64 bytes. Panels are 1, 3 or 4.
 *
 * A single row meets the groups from the last to the first if `backward`; several rows meet a group in pieces that the first cache keeps, unless `whole`. */
typedef struct lstm_dot_product {
  const float *x;
  int64_t x_stride, words, rows;
  const float *weights, *start, *scales, *offsets;
  int64_t groups, panels;
  float *out;
  int64_t out_stride;
  int32_t backward, whole;
} lstm_dot_product;

/* Rows of numbers as words of two bf16 numbers, rounded to nearest, ties to even; numbers below 2⁻¹²⁶ become zeros, which the product takes them for.
 *
 * Shapes: `x [rows, count]`, rows `x_stride` apart, any alignment; `words [rows, ⌈count / 2⌉]`, rows `words_stride` words apart, each with room for 16
 * words more; behind an odd number stands a zero. */
void lstm_dot_round(const float *x, int64_t x_stride, int64_t rows, int64_t count, float *words, int64_t words_stride);

/* Rows of numbers as integers of `bytes` bytes, 2 for int8 and 1 for w8a8, none larger than `limit`, ties to even, and behind each row's words what they are
 * multiples of: the row's largest magnitude by the limit; NaN if the row holds one or an infinity. Rows whose numbers are all below 1e-30 become zeros.
 *
 * Shapes: `x [rows, count]` as above; `words [rows, ⌈count / 4⌉ · bytes + 1]`, rows `words_stride` words apart, each with room for 16 words more. */
void lstm_dot_quantize(const float *x, int64_t x_stride, int64_t rows, int64_t count, int64_t limit, int32_t bytes, float *words,
                       int64_t words_stride);

void lstm_dot_bf16(const lstm_dot_product *it);
void lstm_dot_int8(const lstm_dot_product *it);
void lstm_dot_w8a8(const lstm_dot_product *it);

#endif
