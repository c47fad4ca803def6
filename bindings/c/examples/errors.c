/*
 * errors: makes every kind of mistake that can be made on purpose and shows what the library says.
 *
 *     errors MODEL.h5
 *
 * A status tells a program what kind of thing went wrong; lstm_last_error() tells a person what it was. Nothing here is undefined
 * behaviour: wrong calls are answered, not punished.
 */
#include <lstm.h>
#include <stdio.h>
#include <stdlib.h>

static int unexpected;

/* Prints what a call answered, and notices if it is not the kind of error that was meant. */
static void show(const char *mistake, lstm_status wanted, lstm_status status) {
  printf("%s\n    %s (%d): %s\n", mistake, lstm_status_name(status), (int)status, lstm_last_error());
  if (status != wanted) {
    printf("    unexpected: it should have been %s\n", lstm_status_name(wanted));
    unexpected++;
  }
}

/* Files: missing, damaged, larger than we want to read. */
static void files(const char *right) {
  lstm_model *model;
  show("A file that does not exist", LSTM_ERROR_IO, lstm_model_load("no-such-file.h5", NULL, &model));

  const char text[] = "This is no HDF5 file, and was never meant to be one.";
  show("Bytes that are no model", LSTM_ERROR_FORMAT, lstm_model_load_memory(text, sizeof text, NULL, &model));

  lstm_load_options options;
  lstm_load_options_init(&options);
  options.flags = 0xFFFF;
  show("An option that does not exist", LSTM_ERROR_ARGUMENT, lstm_model_load(right, &options, &model));
}

/* Calls: NULL where something is needed, an index too far, a handle that is gone, a buffer too small. */
static void calls(const char *right) {
  lstm_model *model, *gone;
  if (lstm_model_load(right, NULL, &model) != LSTM_OK || lstm_model_load(right, NULL, &gone) != LSTM_OK) return;
  show("NULL for the path", LSTM_ERROR_ARGUMENT, lstm_model_load(NULL, NULL, &gone));

  lstm_model_info info;
  lstm_model_info_init(&info);
  lstm_model_free(gone);
  show("A handle that was freed", LSTM_ERROR_HANDLE, lstm_model_get_info(gone, &info));

  lstm_layer_info layer;
  lstm_layer_info_init(&layer);
  show("The 1000th layer", LSTM_ERROR_ARGUMENT, lstm_model_get_layer(model, 1000, &layer));

  size_t index, needed;
  show("A weight by a name that it does not have", LSTM_ERROR_ARGUMENT, lstm_model_find_weight(model, "kernal", &index));

  char summary[16];
  show("16 bytes for the summary", LSTM_ERROR_BUFFER, lstm_model_summary(model, summary, sizeof summary, &needed));
  printf("    in the buffer: \"%s\"; needed: %zu bytes\n", summary, needed);

  float one;
  show("One number for a whole weight", LSTM_ERROR_SHAPE, lstm_model_get_weight(model, 0, LSTM_FLOAT32, &one, 1));
  lstm_model_free(model);
}

/* Runs: an input of another shape than the model needs; a stream of a model that needs the future. */
static void runs(const char *right) {
  lstm_model *model;
  lstm_session *session;
  if (lstm_model_load(right, NULL, &model) != LSTM_OK || lstm_session_create(model, NULL, &session) != LSTM_OK) return;

  float values[7] = {0};
  lstm_array flat, result;
  lstm_array_init(&flat);
  lstm_array_init(&result);
  flat.rank = 1; /* no model takes an input of one dimension */
  flat.shape[0] = 7;
  flat.data = values;
  const lstm_array *inputs[] = {&flat};
  lstm_array *outputs[] = {&result};
  lstm_model_info info;
  lstm_model_info_init(&info);
  if (lstm_model_get_info(model, &info) == LSTM_OK && info.input_count == 1 && info.output_count == 1)
    show("An input of the wrong shape", LSTM_ERROR_SHAPE, lstm_session_output_shapes(session, inputs, 1, outputs, 1));

  lstm_stream *stream;
  if (info.can_stream == 0) show("A stream of a model that cannot", LSTM_ERROR_UNSUPPORTED, lstm_stream_create(model, NULL, &stream));

  lstm_session_options options;
  lstm_session_options_init(&options);
  options.threads = -1;
  lstm_session *none;
  show("Minus one thread", LSTM_ERROR_ARGUMENT, lstm_session_create(model, &options, &none));
  lstm_session_free(session);
  lstm_model_free(model);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: errors MODEL.h5\n");
    return 2;
  }
  lstm_model *model;
  if (lstm_model_load(argv[1], NULL, &model) != LSTM_OK) {
    fprintf(stderr, "%s\n", lstm_last_error());
    return EXIT_FAILURE;
  }
  lstm_model_free(model);
  files(argv[1]);
  calls(argv[1]);
  runs(argv[1]);
  return unexpected ? EXIT_FAILURE : EXIT_SUCCESS;
}
