#include "CDot.h"

#if defined(__x86_64__)
#include <immintrin.h>

int lstm_dot_supported(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
}

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512bf16,avx512vnni"))), apply_to = function)
#define LSTM_INLINE static inline __attribute__((always_inline))

/* Bytes of one group's weights that are met by all rows before the next: they stay in the first cache. */
#define LSTM_DOT_BLOCK 16384

/* What a tile works on: vectors `first` up to `end` of each group's; sums go on from `out` unless `first` is 0, and are finished if `end` is the last. */
typedef struct lstm_dot_part {
  const float *x, *weights, *start, *scales;
  float *out;
  int64_t x_stride, out_stride, words, vectors, first, end;
  /* What is asked for ahead of time, a cache line for each vector of weights. */
  const float *ahead;
} lstm_dot_part;

LSTM_INLINE __m512i all(const float *x) {
  int32_t word;
  __builtin_memcpy(&word, x, sizeof word);
  return _mm512_set1_epi32(word);
}

/* A tile of R rows × G groups × P panels, whose sums stay in registers. */
LSTM_INLINE void tile(const int is_int8, const int R, const int G, const int P, const lstm_dot_part *it) {
  __m512 sums[24];
  const int64_t group = it->vectors * P * 16;
#pragma clang loop unroll(full)
  for (int s = 0; s < R * G * P; s++) {
    const int row = s / (G * P), panel = s % (G * P);
    if (it->first) {
      sums[s] = _mm512_load_ps(it->out + row * it->out_stride + panel * 16);
    } else {
      sums[s] = is_int8 ? _mm512_setzero_ps() : _mm512_load_ps(it->start + panel * 16);
    }
  }
  for (int64_t vector = it->first; vector < it->end; vector++) {
    const float *weights = it->weights + vector * (P * 16);
    const float *x = it->x + vector * (is_int8 ? 2 : 1);
    if (R > 1) __builtin_prefetch(it->ahead + (vector - it->first) * 16, 0, 3);
#pragma clang loop unroll(full)
    for (int panel = 0; panel < G * P; panel++) {
      const __m512i w = _mm512_load_si512(weights + (panel / P) * group + (panel % P) * 16);
      const __m512i low = _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8), high = _mm512_srai_epi16(w, 8);
#pragma clang loop unroll(full)
      for (int row = 0; row < R; row++) {
        __m512 *sum = &sums[row * (G * P) + panel];
        if (is_int8) {
          const __m512i half = _mm512_dpwssd_epi32(_mm512_castps_si512(*sum), low, all(x + row * it->x_stride));
          *sum = _mm512_castsi512_ps(_mm512_dpwssd_epi32(half, high, all(x + row * it->x_stride + 1)));
        } else {
          *sum = _mm512_dpbf16_ps(*sum, (__m512bh)all(x + row * it->x_stride), (__m512bh)w);
        }
      }
    }
  }
  const int finished = is_int8 && it->end == it->vectors;
#pragma clang loop unroll(full)
  for (int s = 0; s < R * G * P; s++) {
    const int row = s / (G * P), panel = s % (G * P);
    __m512 sum = sums[s];
    if (finished) {
      const __m512 scale = _mm512_mul_ps(_mm512_load_ps(it->scales + panel * 16), _mm512_set1_ps(it->x[row * it->x_stride + it->words]));
      sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_castps_si512(sum)), scale, _mm512_load_ps(it->start + panel * 16));
    }
    _mm512_store_ps(it->out + row * it->out_stride + panel * 16, sum);
  }
}

/* Tiles of one group, by their rows. */
#define LSTM_ROWS(is_int8, P)                       \
  switch (rows) {                                   \
    case 1: return tile(is_int8, 1, 1, P, it);      \
    case 2: return tile(is_int8, 2, 1, P, it);      \
    case 3: return tile(is_int8, 3, 1, P, it);      \
    case 4: return tile(is_int8, 4, 1, P, it);      \
    case 5: return tile(is_int8, 5, 1, P, it);      \
    default: return tile(is_int8, 6, 1, P, it);     \
  }

LSTM_INLINE void rows_of_group(const int is_int8, int64_t panels, int64_t rows, const lstm_dot_part *it) {
  if (panels == 4) LSTM_ROWS(is_int8, 4)
  if (panels == 3) LSTM_ROWS(is_int8, 3)
  LSTM_ROWS(is_int8, 1)
}

LSTM_INLINE void product(const int is_int8, const lstm_dot_product *it) {
  const int64_t panels = it->panels, vectors = is_int8 ? it->words / 2 : it->words;
  lstm_dot_part part = {it->x, it->weights, it->start, it->scales, it->out, it->x_stride, it->out_stride, it->words, vectors, 0, vectors, it->weights};
  int64_t group = 0, taken;
  for (; group < it->groups; group += taken) {
    part.weights = it->weights + group * (vectors * panels * 16);
    part.start = it->start + group * (panels * 16);
    if (is_int8) part.scales = it->scales + group * (panels * 16);
    taken = 1;
    /* A single row has too few sums to keep the multipliers busy: several groups at once. */
    if (it->rows == 1 && panels > 1 && it->groups - group >= 4) {
      part.out = it->out + group * (panels * 16);
      taken = 4;
      if (panels == 4) {
        tile(is_int8, 1, 4, 4, &part);
      } else {
        tile(is_int8, 1, 4, 3, &part);
      }
      continue;
    }
    const int64_t most = it->rows == 1 ? vectors : LSTM_DOT_BLOCK / 64 / panels;
    const int64_t tiles = (it->rows + 5) / 6;
    part.first = 0;
    do {
      part.end = vectors - part.first > most ? part.first + most : vectors;
      for (int64_t number = 0; number < tiles; number++) {
        /* Rows as even as possible: 32 are 6 + 6 + 5 + 5 + 5 + 5, or nearly. */
        const int64_t row = it->rows * number / tiles;
        part.x = it->x + row * it->x_stride;
        part.out = it->out + row * it->out_stride + group * (panels * 16);
        /* Of the next piece, or of the next group's first, what the tiles before have not asked for; nothing new if they have asked for all of it. */
        part.ahead = part.weights + (part.end * panels + (number < panels ? number : 0) * (part.end - part.first)) * 16;
        rows_of_group(is_int8, panels, it->rows * (number + 1) / tiles - row, &part);
      }
      part.first = part.end;
    } while (part.first < vectors);
    part.first = 0;
    part.end = vectors;
    part.x = it->x;
  }
}

void lstm_dot_round(const float *x, int64_t x_stride, int64_t rows, int64_t count, float *words, int64_t words_stride) {
  for (int64_t row = 0; row < rows; row++) {
    const float *from = x + row * x_stride;
    float *to = words + row * words_stride;
    for (int64_t done = 0; done < count; done += 32, from += 32, to += 16) {
      const int64_t left = count - done;
      const __mmask32 present = left >= 32 ? ~0u : (1u << left) - 1;
      const __m512 low = _mm512_maskz_loadu_ps((__mmask16)present, from), high = _mm512_maskz_loadu_ps((__mmask16)(present >> 16), from + 16);
      _mm512_storeu_si512(to, _mm512_rol_epi32((__m512i)_mm512_cvtne2ps_pbh(high, low), 16));
    }
  }
}

void lstm_dot_bf16(const lstm_dot_product *it) { product(0, it); }

void lstm_dot_int8(const lstm_dot_product *it) { product(1, it); }

#pragma clang attribute pop

#else

int lstm_dot_supported(void) { return 0; }

void lstm_dot_round(const float *x, int64_t x_stride, int64_t rows, int64_t count, float *words, int64_t words_stride) {
  (void)x, (void)x_stride, (void)rows, (void)count, (void)words, (void)words_stride;
}

void lstm_dot_bf16(const lstm_dot_product *it) { (void)it; }

void lstm_dot_int8(const lstm_dot_product *it) { (void)it; }

#endif
