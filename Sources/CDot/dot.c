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
/* Bytes that the first cache holds, and so many that they are still there when as many as it holds have been read in turn: it has 32 or 48 KiB. */
#define LSTM_DOT_CACHE 24576
#define LSTM_DOT_TURN 18432

/* What a tile works on: vectors `first` up to `end` of each group's; sums go on from `out` unless `first` is 0, and are finished if `end` is the last. */
typedef struct lstm_dot_part {
  const float *x, *weights, *start, *scales, *offsets;
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

/* The three products: see CDot.h. The numbers are how many bytes of x meet a byte of weights. */
enum { BF16 = 0, W8A8 = 1, INT8 = 2 };

/* A tile of R rows × G groups × P panels, whose sums stay in registers: one for each row and panel, with int8 one for the lower bytes of x and one for
 * the upper. */
LSTM_INLINE void tile(const int form, const int R, const int G, const int P, const lstm_dot_part *it) {
  __m512i sums[24], uppers[12];
  const int64_t group = it->vectors * P * 16;
#pragma clang loop unroll(full)
  for (int s = 0; s < R * G * P; s++) {
    const int row = s / (G * P), panel = s % (G * P);
    const float *from = it->first ? it->out + row * it->out_stride : form == BF16 ? it->start : it->offsets;
    sums[s] = _mm512_load_si512(from + panel * 16);
    if (form == INT8) uppers[s] = _mm512_setzero_si512();
  }
  for (int64_t vector = it->first; vector < it->end; vector++) {
    const float *weights = it->weights + vector * (P * 16);
    const float *x = it->x + vector * (form == INT8 ? 2 : 1);
    if (R > 1) __builtin_prefetch(it->ahead + (vector - it->first) * 16, 0, 3);
#pragma clang loop unroll(full)
    for (int panel = 0; panel < G * P; panel++) {
      const __m512i w = _mm512_load_si512(weights + (panel / P) * group + (panel % P) * 16);
#pragma clang loop unroll(full)
      for (int row = 0; row < R; row++) {
        const int s = row * (G * P) + panel;
        const __m512i word = all(x + row * it->x_stride);
        if (form == BF16) {
          sums[s] = _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sums[s]), (__m512bh)word, (__m512bh)w));
        } else {
          sums[s] = _mm512_dpbusd_epi32(sums[s], word, w);
          if (form == INT8) uppers[s] = _mm512_dpbusd_epi32(uppers[s], all(x + row * it->x_stride + 1), w);
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int s = 0; s < R * G * P; s++) {
    const int row = s / (G * P), panel = s % (G * P);
    __m512i sum = sums[s];
    /* Whatever the two sums lost above 32 bits, their sum is the right one: it has no more bits. */
    if (form == INT8) sum = _mm512_add_epi32(sum, _mm512_slli_epi32(uppers[s], 8));
    if (form != BF16 && it->end == it->vectors) {
      const __m512 scale = _mm512_mul_ps(_mm512_load_ps(it->scales + panel * 16), _mm512_set1_ps(it->x[row * it->x_stride + it->words]));
      sum = _mm512_castps_si512(_mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, _mm512_load_ps(it->start + panel * 16)));
    }
    _mm512_store_si512(it->out + row * it->out_stride + panel * 16, sum);
  }
}

/* Rows of a tile at most: as many as there are registers for their sums. */
#define LSTM_MOST_ROWS(form, panels) ((form) != INT8 || (panels) == 1 ? 6 : 12 / (panels))

/* Tiles of one group, by their rows: several rows, shared out evenly, never leave a tile of one. */
#define LSTM_ROWS(form, P)                                       \
  switch (rows) {                                                \
    case 2: return tile(form, 2, 1, P, it);                      \
    case 3: return tile(form, 3, 1, P, it);                      \
    case 4: return tile(form, LSTM_MOST(form, 4, P), 1, P, it);  \
    case 5: return tile(form, LSTM_MOST(form, 5, P), 1, P, it);  \
    default: return tile(form, LSTM_MOST(form, 6, P), 1, P, it); \
  }
#define LSTM_MOST(form, rows, P) ((rows) < LSTM_MOST_ROWS(form, P) ? (rows) : LSTM_MOST_ROWS(form, P))

LSTM_INLINE void rows_of_group(const int form, int64_t panels, int64_t rows, const lstm_dot_part *it) {
  if (panels == 4) LSTM_ROWS(form, 4)
  if (panels == 3) LSTM_ROWS(form, 3)
  LSTM_ROWS(form, 1)
}

/* Where a part of the groups from `group` on reads and writes. */
LSTM_INLINE void turn_to(const int form, lstm_dot_part *part, const lstm_dot_product *it, int64_t group) {
  const int64_t column = group * (it->panels * 16);
  part->weights = it->weights + column * part->vectors;
  part->start = it->start + column;
  part->out = it->out + column;
  if (form != BF16) {
    part->scales = it->scales + column;
    part->offsets = it->offsets + column;
  }
}

/* Tiles of a single row, by their groups. */
#define LSTM_GROUPS(form, P)                                         \
  switch (taken) {                                                   \
    case 1: tile(form, 1, 1, P, &part); break;                       \
    case 2: tile(form, 1, 2, P, &part); break;                       \
    default: tile(form, 1, (form) == INT8 ? 2 : 4, P, &part); break; \
  }

/* A single row. It has too few sums to keep the multipliers busy: several groups at once, but so few that the first cache holds what was read last, if
 * it can: that is where the next step begins, which goes the other way. */
LSTM_INLINE void single(const int form, const lstm_dot_product *it, lstm_dot_part part) {
  const int64_t bytes = part.vectors * it->panels * 64;
  int64_t width = form == INT8 ? 2 : 4;
  if (bytes * it->groups > LSTM_DOT_CACHE && bytes <= LSTM_DOT_TURN)
    while (width > 1 && width * bytes > LSTM_DOT_TURN) width /= 2;
  int64_t left = it->groups, taken;
  for (; left; left -= taken) {
    taken = left % width ? 1 : width;
    turn_to(form, &part, it, it->backward ? left - taken : it->groups - left);
    if (it->panels == 4) {
      LSTM_GROUPS(form, 4)
    } else if (it->panels == 3) {
      LSTM_GROUPS(form, 3)
    } else {
      LSTM_GROUPS(form, 1)
    }
  }
}

LSTM_INLINE void product(const int form, const lstm_dot_product *it) {
  const int64_t panels = it->panels, vectors = form == INT8 ? it->words / 2 : it->words;
  const int64_t most = it->whole ? vectors : LSTM_DOT_BLOCK / 64 / panels;
  const int64_t most_rows = LSTM_MOST_ROWS(form, panels), tiles = (it->rows + most_rows - 1) / most_rows;
  lstm_dot_part part = {.x = it->x, .x_stride = it->x_stride, .out_stride = it->out_stride, .words = it->words, .vectors = vectors, .end = vectors};
  if (it->rows == 1) return single(form, it, part);
  for (int64_t group = 0; group < it->groups; group++) {
    turn_to(form, &part, it, group);
    float *const out = part.out;
    part.first = 0;
    do {
      part.end = vectors - part.first > most ? part.first + most : vectors;
      for (int64_t number = 0; number < tiles; number++) {
        /* Rows as even as possible: 32 are 6 + 6 + 5 + 5 + 5 + 5, or nearly. */
        const int64_t row = it->rows * number / tiles;
        part.x = it->x + row * it->x_stride;
        part.out = out + row * it->out_stride;
        /* Of the next piece, or of the next group's first, what the tiles before have not asked for; nothing new if they have asked for all of it. */
        part.ahead = part.weights + (part.end * panels + (number < panels ? number : 0) * (part.end - part.first)) * 16;
        rows_of_group(form, panels, it->rows * (number + 1) / tiles - row, &part);
      }
      part.first = part.end;
    } while (part.first < vectors);
  }
}

/* The lanes of a vector of which so many are left. */
LSTM_INLINE __mmask16 first_of(int64_t left) { return left >= 16 ? 0xffff : (__mmask16)((1u << left) - 1); }

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

void lstm_dot_quantize(const float *x, int64_t x_stride, int64_t rows, int64_t count, int64_t limit, int32_t bytes, float *words, int64_t words_stride) {
  /* Of four numbers first the lower bytes, in the order of a word of weights, then the upper ones. */
  const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 4, 12, 1, 9, 5, 13, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m512i quads = _mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6), words4 = _mm512_castsi128_si512(_mm_setr_epi32(0, 4, 8, 12));
  const __m512i raise = _mm512_set1_epi32(bytes == 1 ? 0x80 : 0x8000);
  const float steps = (float)limit;
  const int64_t used = (count + 3) / 4 * bytes;
  for (int64_t row = 0; row < rows; row++) {
    const float *from = x + row * x_stride;
    float *to = words + row * words_stride;
    /* 0 for finite numbers, else NaN. */
    __m512 largest = _mm512_setzero_ps(), fault = largest;
    for (int64_t done = 0; done < count; done += 16) {
      const __m512 numbers = _mm512_maskz_loadu_ps(first_of(count - done), from + done);
      largest = _mm512_max_ps(_mm512_abs_ps(numbers), largest);
      fault = _mm512_fmadd_ps(numbers, _mm512_setzero_ps(), fault);
    }
    const float magnitude = _mm512_reduce_max_ps(largest) + _mm512_reduce_add_ps(fault);
    const __m512 factor = _mm512_set1_ps(magnitude > 1e-30f ? steps / magnitude : 0);
    for (int64_t done = 0; done < count; done += 16) {
      const __m512 numbers = _mm512_maskz_loadu_ps(first_of(count - done), from + done);
      const __m512i raised = _mm512_xor_si512(_mm512_cvtps_epi32(_mm512_mul_ps(numbers, factor)), raise);
      const __m512i split = _mm512_shuffle_epi8(raised, order);
      if (bytes == 1) {
        _mm_storeu_si128((__m128i *)(to + done / 4), _mm512_castsi512_si128(_mm512_permutexvar_epi32(words4, split)));
      } else {
        _mm256_storeu_si256((__m256i *)(to + done / 2), _mm512_castsi512_si256(_mm512_permutexvar_epi64(quads, split)));
      }
    }
    to[used] = magnitude / steps;
  }
}

void lstm_dot_bf16(const lstm_dot_product *it) { product(BF16, it); }

void lstm_dot_int8(const lstm_dot_product *it) { product(INT8, it); }

void lstm_dot_w8a8(const lstm_dot_product *it) { product(W8A8, it); }

#pragma clang attribute pop

#else

int lstm_dot_supported(void) { return 0; }

void lstm_dot_round(const float *x, int64_t x_stride, int64_t rows, int64_t count, float *words, int64_t words_stride) {
  (void)x, (void)x_stride, (void)rows, (void)count, (void)words, (void)words_stride;
}

void lstm_dot_quantize(const float *x, int64_t x_stride, int64_t rows, int64_t count, int64_t limit, int32_t bytes, float *words, int64_t words_stride) {
  (void)x, (void)x_stride, (void)rows, (void)count, (void)limit, (void)bytes, (void)words, (void)words_stride;
}

void lstm_dot_bf16(const lstm_dot_product *it) { (void)it; }

void lstm_dot_int8(const lstm_dot_product *it) { (void)it; }

void lstm_dot_w8a8(const lstm_dot_product *it) { (void)it; }

#endif
