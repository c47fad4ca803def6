/*
 * predict: runs a model over the sequences of a file.
 *
 *     predict MODEL.h5 INPUT OUTPUT
 *
 * INPUT and OUTPUT are HDF5 files (names ending in .h5, datasets "input" or "input_0" …, "output" or "output_0" …) or text (see arrays.h).
 * An OUTPUT of "-" is the terminal.
 */
#include "arrays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every call of the library can fail, and says why. */
static void check(lstm_status status, const char *doing) {
  if (status == LSTM_OK) return;
  fprintf(stderr, "%s: %s\n", doing, lstm_last_error());
  exit(EXIT_FAILURE);
}

static int is_hdf5(const char *path) {
  size_t length = strlen(path);
  return length > 3 && strcmp(path + length - 3, ".h5") == 0;
}

static int read_inputs(const lstm_model *model, const char *path, array_list *inputs) {
  if (is_hdf5(path)) return arrays_read_hdf5(path, inputs);
  lstm_tensor_info first;
  lstm_tensor_info_init(&first);
  check(lstm_model_get_input(model, 0, &first), "looking at the model's input");
  return arrays_read_csv(path, first.rank, inputs);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: predict MODEL.h5 INPUT.{csv,h5} OUTPUT.{csv,h5}\n");
    return 2;
  }
  lstm_model *model;
  lstm_session *session;
  lstm_model_info info;
  lstm_model_info_init(&info);
  check(lstm_model_load(argv[1], NULL, &model), "loading the model");
  check(lstm_model_get_info(model, &info), "looking at the model");
  check(lstm_session_create(model, NULL, &session), "preparing to run");

  array_list inputs = {0}, outputs = {0};
  if (!read_inputs(model, argv[2], &inputs)) return EXIT_FAILURE;
  outputs.count = info.output_count;
  if (outputs.count > MOST_ARRAYS) {
    fprintf(stderr, "the model has %zu outputs; this example is made for %d\n", outputs.count, MOST_ARRAYS);
    return EXIT_FAILURE;
  }

  /* The library takes arrays by pointer, so that the struct can grow in later versions. */
  const lstm_array *in[MOST_ARRAYS], *filled[MOST_ARRAYS];
  lstm_array *out[MOST_ARRAYS];
  for (size_t i = 0; i < inputs.count; i++) in[i] = &inputs.array[i];
  for (size_t i = 0; i < outputs.count; i++) {
    lstm_array_init(&outputs.array[i]);
    filled[i] = out[i] = &outputs.array[i];
  }

  /* First ask how large the outputs will be, then give memory for them. */
  check(lstm_session_output_shapes(session, in, inputs.count, out, outputs.count), "looking at the input");
  for (size_t i = 0; i < outputs.count; i++) {
    outputs.array[i].dtype = LSTM_FLOAT64;
    if (!array_allocate(&outputs.array[i])) return EXIT_FAILURE;
  }
  check(lstm_session_predict(session, in, inputs.count, filled, outputs.count), "running the model");

  int written = is_hdf5(argv[3]) ? arrays_write_hdf5(argv[3], &outputs) : arrays_write_csv(argv[3], &outputs);
  arrays_free(&inputs);
  arrays_free(&outputs);
  lstm_session_free(session);
  lstm_model_free(model);
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
