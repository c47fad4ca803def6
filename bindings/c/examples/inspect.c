/*
 * inspect: shows what is in a model file.
 *
 *     inspect MODEL.h5
 *
 * A file that cannot be loaded gets a report of what was understood in it and what was not.
 */
#include <lstm.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void check(lstm_status status, const char *doing) {
  if (status == LSTM_OK) return;
  fprintf(stderr, "%s: %s\n", doing, lstm_last_error());
  exit(EXIT_FAILURE);
}

static void print_shape(int32_t rank, const int64_t *shape) {
  printf("[");
  for (int32_t i = 0; i < rank; i++) {
    if (i) printf(", ");
    if (shape[i] < 0) printf("any");
    else printf("%lld", (long long)shape[i]);
  }
  printf("]");
}

/* Texts of unknown length: ask for the size first, then for the text. */
static void print_summary(const lstm_model *model) {
  size_t needed = 0;
  lstm_status status = lstm_model_summary(model, NULL, 0, &needed);
  if (status != LSTM_ERROR_BUFFER) check(status, "asking for the summary's size");
  char *text = malloc(needed);
  if (!text) exit(EXIT_FAILURE);
  check(lstm_model_summary(model, text, needed, NULL), "summing up");
  printf("%s\n", text);
  free(text);
}

static void print_tensors(const lstm_model *model, const char *title, size_t count,
                          lstm_status (*get)(const lstm_model *, size_t, lstm_tensor_info *)) {
  printf("%s\n", title);
  for (size_t i = 0; i < count; i++) {
    lstm_tensor_info info;
    lstm_tensor_info_init(&info);
    check(get(model, i, &info), title);
    printf("  %-40s ", info.name);
    print_shape(info.rank, info.shape);
    printf("\n");
  }
}

static void print_layers(const lstm_model *model, size_t count) {
  printf("layers\n");
  for (size_t i = 0; i < count; i++) {
    lstm_layer_info info;
    lstm_layer_info_init(&info);
    check(lstm_model_get_layer(model, i, &info), "layers");
    printf("  %-24s %-15s %s\n", info.name, info.type, info.options);
  }
}

/* Name, shape, and where the numbers lie: a weight full of zeros or of huge numbers is worth noticing. */
static void print_weights(const lstm_model *model, size_t count) {
  printf("weights\n");
  for (size_t i = 0; i < count; i++) {
    lstm_weight_info info;
    lstm_weight_info_init(&info);
    check(lstm_model_get_weight_info(model, i, &info), "weights");
    double *values = calloc((size_t)info.count + 1, sizeof *values), sum = 0, squares = 0;
    if (!values) exit(EXIT_FAILURE);
    check(lstm_model_get_weight(model, i, LSTM_FLOAT64, values, (size_t)info.count), info.name);
    for (int64_t k = 0; k < info.count; k++) {
      sum += values[k];
      squares += values[k] * values[k];
    }
    free(values);
    double n = info.count > 0 ? (double)info.count : 1, mean = sum / n;
    printf("  %-40s mean %8.4f  deviation %8.4f  ", info.name, mean, sqrt(fmax(0, squares / n - mean * mean)));
    print_shape(info.rank, info.shape);
    printf("\n");
  }
}

/* Why a file does not load, layer by layer. */
static void print_report(const char *path) {
  static char report[1 << 16];
  int32_t loads = 0;
  lstm_status status = lstm_check_file(path, report, sizeof report, NULL, &loads);
  if (status == LSTM_OK || status == LSTM_ERROR_BUFFER) printf("%s\n", report);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: inspect MODEL.h5\n");
    return 2;
  }
  lstm_model *model;
  if (lstm_model_load(argv[1], NULL, &model) != LSTM_OK) {
    fprintf(stderr, "%s\n", lstm_last_error());
    print_report(argv[1]);
    return EXIT_FAILURE;
  }
  lstm_model_info info;
  lstm_model_info_init(&info);
  check(lstm_model_get_info(model, &info), "looking at the model");
  printf("%s: %s, written by %s; %lld parameters%s%s\n\n", argv[1], info.format, info.writer, (long long)info.parameter_count,
         info.stateful ? "; stateful" : "", info.can_stream ? "; can be streamed" : "");
  print_summary(model);
  print_tensors(model, "inputs", info.input_count, lstm_model_get_input);
  print_tensors(model, "outputs", info.output_count, lstm_model_get_output);
  print_layers(model, info.layer_count);
  print_weights(model, info.weight_count);
  lstm_model_free(model);
  return EXIT_SUCCESS;
}
