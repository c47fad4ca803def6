#include "CSupport.h"

#pragma STDC FP_CONTRACT OFF

/* A loop that the compiler makes vectors of; with the largest mean square so far where there is one. */
#define ADAM(name, number)                                                                                                       \
  void name(number *restrict w, const number *restrict g, number *restrict m, number *restrict v, number *restrict largest, long count, \
            number scale, number rest1, number rest2, number epsilon) {                                                          \
    if (largest) {                                                                                                               \
      for (long i = 0; i < count; i++) {                                                                                         \
        m[i] = m[i] + (g[i] - m[i]) * rest1;                                                                                     \
        v[i] = v[i] + (g[i] * g[i] - v[i]) * rest2;                                                                              \
        largest[i] = largest[i] > v[i] ? largest[i] : v[i];                                                                      \
        w[i] = w[i] - m[i] * scale / (__builtin_elementwise_sqrt(largest[i]) + epsilon);                                         \
      }                                                                                                                          \
      return;                                                                                                                    \
    }                                                                                                                            \
    for (long i = 0; i < count; i++) {                                                                                           \
      m[i] = m[i] + (g[i] - m[i]) * rest1;                                                                                       \
      v[i] = v[i] + (g[i] * g[i] - v[i]) * rest2;                                                                                \
      w[i] = w[i] - m[i] * scale / (__builtin_elementwise_sqrt(v[i]) + epsilon);                                                 \
    }                                                                                                                            \
  }

ADAM(lstm_support_adam, float)
ADAM(lstm_support_adam64, double)
