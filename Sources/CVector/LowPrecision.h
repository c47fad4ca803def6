/* Weights of two or one byte in vectors of 32-bit lanes: see LowTile.swift. Included by CVector.h. */
#ifndef LSTM_LOW_PRECISION_H
#define LSTM_LOW_PRECISION_H

#if !defined(LSTM_FLOAT64)

typedef int16_t lstm_words __attribute__((ext_vector_type(LSTM_VECTOR_BYTES / 2)));

/* A lane holds two bf16 numbers. The one in its upper half, and the one in its lower half, as floats. */
LSTM_OPERATION lstm_bf16_high(lstm_vector w) { return (lstm_vector)((lstm_bits)w & (lstm_integer)0xffff0000); }
LSTM_OPERATION lstm_bf16_low(lstm_vector w) { return (lstm_vector)((lstm_bits)w << 16); }

/* The nearest floats whose lower 16 bits are 0, ties to even; NaN stays NaN. */
LSTM_OPERATION lstm_bf16_rounded(lstm_vector a) {
  const lstm_integer upper = (lstm_integer)0xffff0000;
  lstm_bits bits = (lstm_bits)a, rounded = bits + (((bits >> 16) & 1) + 0x7fff);
  return lstm_chosen((lstm_vector)(rounded & upper), (lstm_vector)((bits & upper) | 0x400000), (lstm_bits)(a == a));
}

/* Lanes of two bf16 numbers: a in the upper half, b in the lower one, both rounded likewise. */
LSTM_OPERATION lstm_bf16_pair(lstm_vector a, lstm_vector b) {
  typedef uint32_t words __attribute__((ext_vector_type(LSTM_VECTOR_BYTES / 4)));
  return (lstm_vector)((words)lstm_bf16_rounded(a) | ((words)lstm_bf16_rounded(b) >> 16));
}

/* A lane holds two pairs of 8-bit numbers. The pair in the lower bytes of its halves, and the one in the upper bytes, as 16-bit numbers. */
LSTM_OPERATION lstm_int8_low(lstm_vector w) { return (lstm_vector)(((lstm_words)w << 8) >> 8); }
LSTM_OPERATION lstm_int8_high(lstm_vector w) { return (lstm_vector)((lstm_words)w >> 8); }

/* a + b₀·c₀ + b₁·c₁ in each lane, where a is a 32-bit number and the others are pairs of 16-bit numbers. */
LSTM_OPERATION lstm_dot(lstm_vector a, lstm_vector b, lstm_vector c) {
#if defined(LSTM_V4)
  typedef short words __attribute__((vector_size(64)));
  lstm_bits products = (lstm_bits)__builtin_ia32_pmaddwd512((words)b, (words)c);
#elif defined(LSTM_V3)
  typedef short words __attribute__((vector_size(32)));
  lstm_bits products = (lstm_bits)__builtin_ia32_pmaddwd256((words)b, (words)c);
#elif defined(__SSE2__)
  typedef short words __attribute__((vector_size(16)));
  lstm_bits products = (lstm_bits)__builtin_ia32_pmaddwd128((words)b, (words)c);
#else
  lstm_bits products = (((lstm_bits)b << 16) >> 16) * (((lstm_bits)c << 16) >> 16) + ((lstm_bits)b >> 16) * ((lstm_bits)c >> 16);
#endif
  return (lstm_vector)((lstm_bits)a + products);
}

/* 32-bit numbers as floats, rounded to nearest. */
LSTM_OPERATION lstm_from_integers(lstm_vector a) { return __builtin_convertvector((lstm_bits)a, lstm_vector); }

/* Floats no larger than 2²² rounded to nearest, ties to even; the lower half of each lane is the 16-bit number. Others become any number. */
LSTM_OPERATION lstm_to_integers(lstm_vector a) { return a + (lstm_vector)0x1.8p23f; }

/* Writes the lower half of each lane, one after the other, to any address. */
static inline __attribute__((always_inline)) void lstm_store_words(void *to, lstm_vector a) {
  typedef int16_t half __attribute__((ext_vector_type(LSTM_VECTOR_BYTES / 4)));
  half words = __builtin_convertvector((lstm_bits)a, half);
  __builtin_memcpy(to, &words, sizeof words);
}

#endif
#endif
