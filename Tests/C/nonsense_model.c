/* Every function that makes, reads or changes a model, given nonsense: it answers with a status and a sentence and writes nothing. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

static _Alignas(16) unsigned char garbage[512];
static lstm_model *model, *freed;
static lstm_session *session;

static void version_and_errors(void) {
  CHECK(strcmp(lstm_version(), "0.1.0") == 0);
  CHECK(lstm_abi_version() >= 0);
  CHECK(strcmp(lstm_cpu(), "baseline") == 0 || strcmp(lstm_cpu(), "v3") == 0 || strcmp(lstm_cpu(), "v4") == 0);
  CHECK(strcmp(lstm_status_name(LSTM_OK), "LSTM_OK") == 0);
  CHECK(strcmp(lstm_status_name(LSTM_ERROR_INTERNAL), "LSTM_ERROR_INTERNAL") == 0);
  CHECK(strcmp(lstm_status_name(1), "unknown status") == 0);
  CHECK(strcmp(lstm_status_name(-11), "unknown status") == 0);
  CHECK(strcmp(lstm_status_name(INT32_MIN), "unknown status") == 0);
  CHECK(strcmp(lstm_status_name(INT32_MAX), "unknown status") == 0);
  CHECK(lstm_last_error() != NULL);
}

static void init_of_null_and_free_of_null(void) {
  lstm_array_init(NULL);
  lstm_load_options_init(NULL);
  lstm_save_options_init(NULL);
  lstm_from_json_options_init(NULL);
  lstm_model_info_init(NULL);
  lstm_tensor_info_init(NULL);
  lstm_layer_info_init(NULL);
  lstm_weight_info_init(NULL);
  lstm_session_options_init(NULL);
  lstm_stream_options_init(NULL);
  lstm_state_info_init(NULL);
  lstm_series_info_init(NULL);
  lstm_model_free(NULL);
  lstm_session_free(NULL);
  lstm_stream_free(NULL);
  lstm_trace_free(NULL);
  CHECK(1);
}

static void freeing_what_is_no_model(void) {
  lstm_model_free(freed); /* a second time */
  lstm_model_free((lstm_model *)session);
  lstm_model_free((lstm_model *)(void *)garbage);
  lstm_session_free((lstm_session *)model);
  size_t index;
  WORKS(lstm_model_find_weight(model, "lstm/kernel", &index));
  WORKS(lstm_session_reset(session));
}

static void loading(void) {
  lstm_load_options options;
  const char *file = fixture("lstm_basic/lstm_basic.k3.h5");
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load(NULL, NULL, &out.model));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load(file, NULL, NULL));
  ANSWERS(lstm_model_load("", NULL, &out.model));
  REFUSED(LSTM_ERROR_IO, lstm_model_load("/no/such/file.h5", NULL, &out.model));
  REFUSED(LSTM_ERROR_IO, lstm_model_load("/", NULL, &out.model));
  REFUSED(LSTM_ERROR_IO, lstm_model_load("/dev/null", NULL, &out.model));
  REFUSED(LSTM_ERROR_FORMAT, lstm_model_load(fixture("lstm_basic/lstm_basic.expected.h5"), NULL, &out.model));
  file = fixture("lstm_basic/lstm_basic.k3.h5");
  lstm_load_options_init(&options);
  options.flags = 8;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load(file, &options, &out.model));
  lstm_load_options_init(&options);
  options.reserved = 7;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load(file, &options, &out.model));
  lstm_load_options_init(&options);
  options.struct_size = 0;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load(file, &options, &out.model));
  lstm_load_options_init(&options);
  options.max_bytes = 100;
  fill_out();
  CHECK(lstm_model_load(file, &options, &out.model) < 0 && *lstm_last_error());

  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load_memory(NULL, 100, NULL, &out.model));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load_memory(garbage, sizeof garbage, NULL, NULL));
  REFUSED(LSTM_ERROR_FORMAT, lstm_model_load_memory(garbage, sizeof garbage, NULL, &out.model));
  REFUSED(LSTM_ERROR_FORMAT, lstm_model_load_memory("\211HDF\r\n\032\n", 8, NULL, &out.model));
  fill_out();
  CHECK(lstm_model_load_memory(garbage, 0, NULL, &out.model) < 0 && *lstm_last_error());
  fill_out();
  CHECK(lstm_model_load_memory(garbage, SIZE_MAX, NULL, &out.model) < 0 && *lstm_last_error());

  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load_weights(NULL, file, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_load_weights(model, NULL, NULL));
  REFUSED(LSTM_ERROR_HANDLE, lstm_model_load_weights(freed, file, NULL));
  REFUSED(LSTM_ERROR_HANDLE, lstm_model_load_weights((lstm_model *)session, file, NULL));
  REFUSED(LSTM_ERROR_IO, lstm_model_load_weights(model, "/no/such/file.h5", NULL));
}

static void making_from_json(void) {
  const char *json = "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"Dense\", \"config\": "
                     "{\"units\": 2, \"batch_input_shape\": [null, 3]}}]}}";
  lstm_from_json_options options;
  lstm_model *made;
  WORKS(lstm_model_from_json(json, strlen(json), NULL, &made));
  lstm_model_free(made);
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_from_json(NULL, 10, NULL, &out.model));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_from_json(json, strlen(json), NULL, NULL));
  REFUSED(LSTM_ERROR_FORMAT, lstm_model_from_json(json, 0, NULL, &out.model));
  REFUSED(LSTM_ERROR_FORMAT, lstm_model_from_json(json, strlen(json) - 1, NULL, &out.model));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_from_json(json, SIZE_MAX, NULL, &out.model));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_from_json("\xff\xfe", 2, NULL, &out.model));
  lstm_from_json_options_init(&options);
  options.struct_size = 4;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_from_json(json, strlen(json), &options, &out.model));
  lstm_from_json_options_init(&options);
  options.max_bytes = 31;
  REFUSED(LSTM_ERROR_SHAPE, lstm_model_from_json(json, strlen(json), &options, &out.model));
  options.max_bytes = UINT64_MAX;
  options.seed = UINT64_MAX;
  WORKS(lstm_model_from_json(json, strlen(json), &options, &made));
  lstm_model_free(made);
}

static void saving(void) {
  const char *file = "/no/such/folder/model.h5";
  lstm_save_options options;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, NULL, LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, "\xff\xfe.h5", LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, "model.unknown", LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, file, -1, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, file, 9, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, file, INT32_MAX, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(NULL, file, LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_HANDLE, lstm_model_save(freed, file, LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_HANDLE, lstm_model_save((lstm_model *)session, file, LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, file, LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save_memory(NULL, LSTM_FORMAT_KERAS, NULL, out.text, sizeof out.text, &out.size));
  REFUSED(LSTM_ERROR_HANDLE, lstm_model_save_memory(freed, LSTM_FORMAT_KERAS, NULL, out.text, sizeof out.text, &out.size));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save_memory(model, LSTM_FORMAT_AUTO, NULL, out.text, sizeof out.text, &out.size));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save_memory(model, LSTM_FORMAT_KERAS, NULL, out.text, sizeof out.text, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save_memory(model, LSTM_FORMAT_KERAS, NULL, NULL, 10, &out.size));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save_memory(model, LSTM_FORMAT_KERAS, NULL, out.text, SIZE_MAX, &out.size));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save_memory(model, 77, NULL, out.text, sizeof out.text, &out.size));
  lstm_save_options_init(&options);
  options.flags = 2;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save_memory(model, LSTM_FORMAT_KERAS, &options, out.text, sizeof out.text, &out.size));
  lstm_save_options_init(&options);
  options.reserved = 1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, file, LSTM_FORMAT_KERAS, &options));
  lstm_save_options_init(&options);
  options.struct_size = 3;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_save(model, file, LSTM_FORMAT_KERAS, &options));
}

static void checking_a_file(void) {
  const char *file = fixture("lstm_basic/lstm_basic.k3.h5");
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_check_file(NULL, out.text, sizeof out.text, &out.size, &out.flag));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_check_file(file, NULL, 10, &out.size, &out.flag));
  REFUSED(LSTM_ERROR_IO, lstm_check_file("/no/such/file.h5", out.text, sizeof out.text, &out.size, &out.flag));
}

#define HANDLES(call) \
  do { \
    const lstm_model *m = NULL; \
    REFUSED(LSTM_ERROR_ARGUMENT, call); \
    m = freed; \
    REFUSED(LSTM_ERROR_HANDLE, call); \
    m = (const lstm_model *)session; \
    REFUSED(LSTM_ERROR_HANDLE, call); \
    m = (const lstm_model *)(const void *)garbage; \
    REFUSED(LSTM_ERROR_HANDLE, call); \
  } while (0)

static void wrong_handles(void) {
  HANDLES(lstm_model_get_info(m, &out.model_info));
  HANDLES(lstm_model_get_input(m, 0, &out.tensor_info));
  HANDLES(lstm_model_get_output(m, 0, &out.tensor_info));
  HANDLES(lstm_model_get_layer(m, 0, &out.layer_info));
  HANDLES(lstm_model_get_weight_info(m, 0, &out.weight_info));
  HANDLES(lstm_model_find_weight(m, "lstm/kernel", &out.size));
  HANDLES(lstm_model_get_weight(m, 0, LSTM_FLOAT32, out.floats, 128));
  HANDLES(lstm_model_set_weight((lstm_model *)m, 0, LSTM_FLOAT32, out.floats, 128));
  HANDLES(lstm_model_summary(m, out.text, sizeof out.text, &out.size));
  HANDLES(lstm_session_create(m, NULL, &out.session));
  HANDLES(lstm_stream_create(m, NULL, &out.stream));
}

/* fill_out() runs before the call, so that a spoilt struct_size must be set inside the call's expression. */
#define SPOILT(struct_, size) (out.struct_.struct_size = (size), &out.struct_)
#define INFO(call, struct_) \
  do { \
    fill_out(); \
    CHECK(call(model, 0, SPOILT(struct_, 0)) == LSTM_ERROR_ARGUMENT && *lstm_last_error()); \
    CHECK(call(model, 0, SPOILT(struct_, 4)) == LSTM_ERROR_ARGUMENT && *lstm_last_error()); \
    ANSWERS(call(model, 0, SPOILT(struct_, SIZE_MAX))); \
    REFUSED(LSTM_ERROR_ARGUMENT, call(model, 0, NULL)); \
    REFUSED(LSTM_ERROR_ARGUMENT, call(model, 1000, &out.struct_)); \
    REFUSED(LSTM_ERROR_ARGUMENT, call(model, SIZE_MAX, &out.struct_)); \
  } while (0)

static void inspection(void) {
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_get_info(model, NULL));
  INFO(lstm_model_get_input, tensor_info);
  INFO(lstm_model_get_output, tensor_info);
  INFO(lstm_model_get_layer, layer_info);
  INFO(lstm_model_get_weight_info, weight_info);
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_find_weight(model, NULL, &out.size));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_find_weight(model, "lstm/kernel", NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_find_weight(model, "", &out.size));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_find_weight(model, "lstm/kernal", &out.size));
  CHECK(strstr(lstm_last_error(), "lstm/kernel") != NULL);
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_find_weight(model, "\xff\xfe\x80", &out.size));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_summary(model, NULL, 10, &out.size));
}

static void weights(void) {
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_get_weight(model, 3, LSTM_FLOAT32, out.floats, 128));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_get_weight(model, SIZE_MAX, LSTM_FLOAT32, out.floats, 128));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_get_weight(model, 0, LSTM_FLOAT32, NULL, 128));
  REFUSED(LSTM_ERROR_SHAPE, lstm_model_get_weight(model, 0, LSTM_FLOAT32, out.floats, 127));
  REFUSED(LSTM_ERROR_SHAPE, lstm_model_get_weight(model, 0, LSTM_FLOAT32, out.floats, 0));
  REFUSED(LSTM_ERROR_SHAPE, lstm_model_get_weight(model, 0, LSTM_FLOAT32, out.floats, SIZE_MAX));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_set_weight(model, SIZE_MAX, LSTM_FLOAT32, out.floats, 128));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_set_weight(model, 0, LSTM_FLOAT32, NULL, 128));
  REFUSED(LSTM_ERROR_SHAPE, lstm_model_set_weight(model, 0, LSTM_FLOAT32, out.floats, 129));
  REFUSED(LSTM_ERROR_SHAPE, lstm_model_set_weight(model, 0, LSTM_FLOAT64, out.doubles, SIZE_MAX));
  const int32_t types[] = {0, -1, LSTM_INT32, LSTM_INT64, 5, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_get_weight(model, 0, types[i], out.floats, 128));
    REFUSED(LSTM_ERROR_ARGUMENT, lstm_model_set_weight(model, 0, types[i], out.floats, 128));
  }
}

int main(void) {
  begin("nonsense_model");
  memset(garbage, 0x5A, sizeof garbage);
  model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  WORKS(lstm_session_create(model, NULL, &session));
  CHECK(*lstm_last_error() == 0);
  freed = load_fixture("lstm_basic/lstm_basic.k3.h5");
  lstm_model_free(freed);
  version_and_errors();
  init_of_null_and_free_of_null();
  freeing_what_is_no_model();
  wrong_handles();
  loading();
  making_from_json();
  saving();
  checking_a_file();
  inspection();
  weights();
  lstm_session_free(session);
  lstm_model_free(model);
  return finish();
}
