/* Load and first prediction, as a whole process. Usage: first MODEL FEATURES UNITS   Prints the first of the units after 100 steps. */
#include "lstm.h"

#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
  if (count < 4) return 2;
  int features = atoi(words[2]), units = atoi(words[3]), steps = 100;
  float *x = calloc((size_t)(features * steps), sizeof *x), *y = calloc((size_t)units, sizeof *y);
  lstm_model *model;
  lstm_session *session;
  if (lstm_model_load(words[1], NULL, &model) || lstm_session_create(model, NULL, &session) ||
      lstm_session_predict_float(session, x, 1, steps, y, (size_t)units)) {
    fprintf(stderr, "%s\n", lstm_last_error());
    return 1;
  }
  printf("%.6f\n", y[0]);
  lstm_session_free(session);
  lstm_model_free(model);
  free(x);
  free(y);
  return 0;
}
