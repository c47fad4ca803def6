/*
 * lstm.h: the C interface of liblstm. Open a recurrent network that Keras wrote, run it on whole sequences or one instant
 * at a time, look inside its gates, read and write its weights.
 *
 * Rules that hold for every function:
 *
 * - It returns LSTM_OK or a negative lstm_status, unless it only frees something or reads a constant. After an error,
 *   lstm_last_error() holds one sentence about it for the calling thread. Outputs are untouched on error.
 * - Pointers may not be NULL unless the function says so; a NULL, a size that makes no sense or a freed handle is an error,
 *   never a crash. (That a handle was freed is noticed as long as its place has not been given to a newer one.)
 * - The caller owns what it passes in; the library copies what it needs and keeps no pointer of the caller's.
 * - Every handle is freed by its own _free function, in any order: a session goes on after its model's handle is freed. Freeing
 *   NULL, or what is no handle of that kind, does nothing.
 * - A NULL argument is LSTM_ERROR_ARGUMENT; a freed handle, or a pointer that is none of ours, is LSTM_ERROR_HANDLE.
 * - Strings are UTF-8. Strings in structs belong to the handle they were read from and live until it is freed or changed.
 * - Structs start with `size_t struct_size`; fill them with the matching _init function and they can grow in later versions: a larger
 *   struct than the library knows is accepted, a smaller one is LSTM_ERROR_ARGUMENT (but options of a session or stream may end before
 *   `weights`). An array of structs is passed as an array of pointers.
 * - A model may be used from several threads at once. A session, a stream and a trace belong to one thread at a time.
 * - No function prints, exits, installs handlers, starts a thread that was not asked for, or changes the process's settings.
 *
 * Arrays are row-major, outermost dimension first: a batch of sequences is [batch, steps, features].
 */
#ifndef LSTM_H
#define LSTM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- version, status, errors */

#define LSTM_VERSION_MAJOR 0
#define LSTM_VERSION_MINOR 1
#define LSTM_VERSION_PATCH 0

/** Number of this interface: lstm_abi_version() of a library that a program compiled with this header can use. */
#define LSTM_ABI_VERSION 1

/** What a function says of its outcome: LSTM_OK or one of the negative values below. Values never change; new ones are added. */
typedef int32_t lstm_status;

#define LSTM_OK 0                  /**< It worked. */
#define LSTM_ERROR_ARGUMENT (-1)   /**< An argument makes no sense: NULL, out of range, an unknown enum value, a name that does not exist. */
#define LSTM_ERROR_HANDLE (-2)     /**< Not a handle of this kind, or one that was freed. */
#define LSTM_ERROR_MEMORY (-3)     /**< Memory for the request could not be had; nothing changed. */
#define LSTM_ERROR_IO (-4)         /**< A file could not be opened, read or written. */
#define LSTM_ERROR_FORMAT (-5)     /**< A file is damaged or is no model file. */
#define LSTM_ERROR_UNSUPPORTED (-6)/**< Understood, but not supported; the sentence names the layer and the option. */
#define LSTM_ERROR_SHAPE (-7)      /**< An array or weight has another shape than is needed. */
#define LSTM_ERROR_STATE (-8)      /**< The call does not fit the object's present state: a stateful session given another batch size, unreset. */
#define LSTM_ERROR_BUFFER (-9)     /**< The caller's buffer is too small; the size needed was reported. */
#define LSTM_ERROR_INTERNAL (-10)  /**< A fault of the library. Please report it. */

/** The library's version, "major.minor.patch". Never fails. */
const char *lstm_version(void);

/** LSTM_ABI_VERSION of the loaded library. It changes only when a program compiled against an older header would break. */
int32_t lstm_abi_version(void);

/** The vector instructions in use: "baseline", "v3" (AVX2, FMA) or "v4" (AVX-512). The environment variable LSTM_CPU,
 *  read once, can ask for a lower one. */
const char *lstm_cpu(void);

/** The name of a status, such as "LSTM_ERROR_SHAPE"; "unknown status" for any other number. */
const char *lstm_status_name(lstm_status status);

/** This thread's last error as one sentence, "" if its last call that can fail succeeded. Never NULL; valid until the thread's next
 *  such call (those that free, initialise or read a constant leave it alone). */
const char *lstm_last_error(void);

/* ---------------------------------------------------------------- arrays */

#define LSTM_FLOAT32 1 /**< IEEE single precision. */
#define LSTM_FLOAT64 2 /**< IEEE double precision. */
#define LSTM_INT32 3   /**< For tokens and the like. */
#define LSTM_INT64 4

#define LSTM_MAX_RANK 8 /**< The most dimensions that an array can have. */

/** An array of the caller's: an input to read or an output to fill. Contiguous, row-major, native byte order. */
typedef struct lstm_array {
  size_t struct_size;
  int32_t dtype;                /**< LSTM_FLOAT32 … LSTM_INT64 */
  int32_t rank;                 /**< 0 … LSTM_MAX_RANK */
  int64_t shape[LSTM_MAX_RANK]; /**< dimensions, outermost first */
  void *data;                   /**< the elements; may be NULL only if there are none or the function reads no elements */
} lstm_array;

/** Fills `array` with a float32 array of no dimensions and no data. NULL is ignored. */
void lstm_array_init(lstm_array *array);

/* ---------------------------------------------------------------- model */

/** A network: layers and weights. Shared freely between threads. */
typedef struct lstm_model lstm_model;

/** Weights belong to the layers of the same name, not to those at the same place; layers that the file does not name keep theirs. */
#define LSTM_LOAD_BY_NAME 1
/** A file of weights alone becomes a plain stack of layers, inferred from names and shapes; the summary says what was assumed. */
#define LSTM_LOAD_INFER 2
/** The file is of the caller's own making: its HDF5 structure is not checked before libhdf5 sees it. Saves milliseconds on large files. */
#define LSTM_LOAD_TRUSTED 4

/** How to load. */
typedef struct lstm_load_options {
  size_t struct_size;
  uint32_t flags;    /**< LSTM_LOAD_BY_NAME, LSTM_LOAD_INFER, LSTM_LOAD_TRUSTED, or 0 */
  uint32_t reserved; /**< must be 0 */
  uint64_t max_bytes; /**< files larger than this are refused with FORMAT; 0 means 4 GiB */
} lstm_load_options;

void lstm_load_options_init(lstm_load_options *options);

/**
 * Opens a model file. What it is, its bytes tell, not its name: the HDF5 that Keras' `model.save("x.h5")` writes since version 1, a
 * `.keras` archive, or the folder of one that was not zipped. With LSTM_LOAD_INFER also a file of weights alone.
 *
 * `path`: the file. `options`: NULL for the defaults. `model`: receives the handle; free it with lstm_model_free().
 * Errors: IO (no such file), FORMAT (damaged or no model), UNSUPPORTED (a layer or option, by name), SHAPE (a weight does not
 * fit its layer), MEMORY, ARGUMENT.
 */
lstm_status lstm_model_load(const char *path, const lstm_load_options *options, lstm_model **model);

/** The same from the bytes of such a file in memory, which are not needed afterwards. */
lstm_status lstm_model_load_memory(const void *bytes, size_t size, const lstm_load_options *options, lstm_model **model);

/** How to make a new model. */
typedef struct lstm_from_json_options {
  size_t struct_size;
  uint64_t seed;      /**< of the initializers; the default is 0 */
  uint64_t max_bytes; /**< weights larger than this in total are refused with SHAPE; 0 means 4 GiB */
} lstm_from_json_options;

void lstm_from_json_options_init(lstm_from_json_options *options);

/**
 * Makes a new model from the JSON that Keras' `model.to_json()` writes (Keras 2 or 3; config.json of a .keras file is the same):
 * `{"class_name": "Sequential", "config": {"layers": […]}}`. The weights are drawn as each layer's initializers say (Keras' defaults where
 * it says nothing), by a generator that gives the same bits for the same seed on every machine: Philox 4x32-10, key = the seed (or the
 * initializer's own), one stream for each weight in the order of lstm_model_get_weight_info(), normal numbers by inversion.
 *
 * `json`, `size`: the text, UTF-8, without need for a closing NUL. `options`: NULL for the defaults. `model`: receives the handle.
 * Errors: FORMAT (no such JSON), UNSUPPORTED (a layer, option or initializer, by name), SHAPE, MEMORY, ARGUMENT.
 */
lstm_status lstm_model_from_json(const char *json, size_t size, const lstm_from_json_options *options, lstm_model **model);

/**
 * Reads the weights of another file of the same architecture: a whole model of any kind, or weights alone (`save_weights("x.h5")`,
 * `x.weights.h5`, or `x.weights.json` with its shards beside it), matched by order as Keras does, or by name with LSTM_LOAD_BY_NAME. Sessions and streams made before keep the weights they had. Either all weights change or none.
 */
lstm_status lstm_model_load_weights(lstm_model *model, const char *path, const lstm_load_options *options);

/** Frees the handle; what was made from the model stays usable. NULL is ignored. */
void lstm_model_free(lstm_model *model);

/** What a file holds, layer by layer, what is understood and what is not, as text for people.
 *
 * Writes at most `size` bytes with a closing NUL to `report` (may be NULL if `size` is 0) and the bytes needed to `needed` (may be
 * NULL). `loads` (may be NULL) receives 1 if lstm_model_load() would succeed, 0 if not. Too small a buffer gets a shortened
 * report and LSTM_ERROR_BUFFER. Errors: IO, ARGUMENT, MEMORY, BUFFER; a damaged file is a finding of the report, not an error.
 */
lstm_status lstm_check_file(const char *path, char *report, size_t size, size_t *needed, int32_t *loads);

/* ---------------------------------------------------------------- saving */

#define LSTM_FORMAT_AUTO 0              /**< What the file's name says: .h5 or .hdf5 a whole Keras model, for both generations where one file can
                                             be, else for the one that the model is of; .weights.h5; .keras; .safetensors. */
#define LSTM_FORMAT_KERAS_H5 1          /**< Keras' whole model in HDF5, as Keras 2 and Keras 3 both open it. */
#define LSTM_FORMAT_KERAS2_H5 2         /**< The same for Keras 2 alone, which can say more: initial states, models inside functional models. */
#define LSTM_FORMAT_KERAS3_H5 3         /**< The same for Keras 3 alone. */
#define LSTM_FORMAT_KERAS2_WEIGHTS 4    /**< Weights alone, as Keras 2's `save_weights("x.h5")` writes them. */
#define LSTM_FORMAT_KERAS3_WEIGHTS 5    /**< Weights alone, as Keras 3's `save_weights("x.weights.h5")` writes them. */
#define LSTM_FORMAT_KERAS 6             /**< Keras 3's `.keras`. */
#define LSTM_FORMAT_TORCH_H5 7          /**< Weights alone under the names of a PyTorch state_dict ("lstm.weight_ih_l0"), in flat HDF5 datasets. */
#define LSTM_FORMAT_SAFETENSORS 8       /**< The same as safetensors. */

#define LSTM_SAVE_WITHOUT_TRAINING 1 /**< Leave out loss, optimiser and its state, which Keras' whole models otherwise keep if the model has them. */

/** How to save. */
typedef struct lstm_save_options {
  size_t struct_size;
  uint32_t flags;    /**< 0 or LSTM_SAVE_WITHOUT_TRAINING */
  uint32_t reserved; /**< must be 0 */
} lstm_save_options;

void lstm_save_options_init(lstm_save_options *options);

/**
 * Saves a model. The same model makes the same bytes each time. What a format cannot express, or what its readers would compute in
 * another way than the model does, is refused by name: nothing is left out in silence.
 *
 * `path`: the file, which need not exist. It is replaced at once when all is written and flushed to the disk: after an error, or if the
 * machine stops, it is the old file or the new one, whole. `format`: LSTM_FORMAT_…. `options`: NULL for the defaults.
 * Errors: UNSUPPORTED (the layer or option that the format cannot express), IO, ARGUMENT, HANDLE, MEMORY.
 */
lstm_status lstm_model_save(const lstm_model *model, const char *path, int32_t format, const lstm_save_options *options);

/** The bytes that lstm_model_save() would write. `format` may not be LSTM_FORMAT_AUTO: there is no name.
 *
 * Writes them to `bytes`, which has room for `size` (may be NULL if `size` is 0), and their number to `written` (not NULL). Too small
 * a buffer is left alone: LSTM_ERROR_BUFFER, and `written` says what is needed. So a first call with NULL and 0 asks for the size.
 */
lstm_status lstm_model_save_memory(const lstm_model *model, int32_t format, const lstm_save_options *options, void *bytes, size_t size,
                                   size_t *written);

/* ---------------------------------------------------------------- inspection */

/** What a model is. */
typedef struct lstm_model_info {
  size_t struct_size;
  const char *name;              /**< the model's name in its file, or "" */
  const char *writer;            /**< what wrote it, such as "Keras 2.15.0" */
  const char *format;            /**< such as "Keras HDF5 model" */
  size_t input_count, output_count, layer_count, weight_count;
  int64_t parameter_count;       /**< numbers in all weights, each counted once */
  int32_t stateful;              /**< 1 if some layer keeps its state from one predict to the next */
  int32_t can_stream;            /**< 1 if lstm_stream_create() will take it */
  int32_t rows_independent;      /**< 1 if rows of the inputs (their first dimension) are separate sequences, computed each by itself; 0 for
                                      time-major models, whose first dimension is time */
} lstm_model_info;

/** An input or output. Unknown dimensions (batch, free number of steps) are -1. */
typedef struct lstm_tensor_info {
  size_t struct_size;
  const char *name;
  int32_t dtype; /**< the type the file states */
  int32_t rank;
  int64_t shape[LSTM_MAX_RANK];
} lstm_tensor_info;

/** A layer, in the file's order. Layers of nested models are listed as "outer/inner". */
typedef struct lstm_layer_info {
  size_t struct_size;
  const char *name;
  const char *type;    /**< Keras' class name, such as "LSTM" or "Bidirectional" */
  const char *options; /**< its configuration as JSON, as the file states it */
  int32_t trainable;   /**< 0 if the file says that the layer is frozen */
  int32_t traceable;   /**< 1 if lstm_trace_create() can show its gates */
  int64_t parameter_count;
  size_t weight_count;
  int32_t rank;        /**< of its first output, at its first call */
  int64_t shape[LSTM_MAX_RANK];
} lstm_layer_info;

/** A weight, under Keras' name, orientation and gate order: "lstm/kernel" is [features, 4 units] in the order i, f, c, o. */
typedef struct lstm_weight_info {
  size_t struct_size;
  const char *name; /**< unique in the model */
  size_t layer;  /**< index of its layer */
  int32_t dtype; /**< as stored in the file: LSTM_FLOAT32 or LSTM_FLOAT64 (narrower floats are widened to float32) */
  int32_t rank;
  int64_t shape[LSTM_MAX_RANK];
  int64_t count; /**< number of elements */
} lstm_weight_info;

void lstm_model_info_init(lstm_model_info *info);
void lstm_tensor_info_init(lstm_tensor_info *info);
void lstm_layer_info_init(lstm_layer_info *info);
void lstm_weight_info_init(lstm_weight_info *info);

lstm_status lstm_model_get_info(const lstm_model *model, lstm_model_info *info);
lstm_status lstm_model_get_input(const lstm_model *model, size_t index, lstm_tensor_info *info);
lstm_status lstm_model_get_output(const lstm_model *model, size_t index, lstm_tensor_info *info);
lstm_status lstm_model_get_layer(const lstm_model *model, size_t index, lstm_layer_info *info);
lstm_status lstm_model_get_weight_info(const lstm_model *model, size_t index, lstm_weight_info *info);

/** Finds a weight by name; `index` receives its place. ARGUMENT if there is none of that name (the sentence names near ones). */
lstm_status lstm_model_find_weight(const lstm_model *model, const char *name, size_t *index);

/** Copies a weight to `values`: `count` elements of `dtype` (LSTM_FLOAT32 or LSTM_FLOAT64), which must be its element count. */
lstm_status lstm_model_get_weight(const lstm_model *model, size_t index, int32_t dtype, void *values, size_t count);

/** Replaces a weight's values. Sessions and streams made before keep the old ones. */
lstm_status lstm_model_set_weight(lstm_model *model, size_t index, int32_t dtype, const void *values, size_t count);

/** A table of layers, shapes and parameter counts as text. Buffer rules as in lstm_check_file(). */
lstm_status lstm_model_summary(const lstm_model *model, char *text, size_t size, size_t *needed);

/* ---------------------------------------------------------------- session: whole sequences, batches */

#define LSTM_WEIGHTS_FLOAT32 0 /**< Weights in the precision that is computed in. */
#define LSTM_WEIGHTS_BF16 1    /**< Two bytes a weight: a float32 rounded to its upper 16 bits, as is what the weights multiply. Sums, states and all
                                    else stay float32. Give it inputs of about magnitude 1: of 1013.25 it sees 1012. */
#define LSTM_WEIGHTS_INT8 2    /**< One byte a weight, with a float32 scale for each gate of each unit; what they multiply becomes 16-bit
                                    numbers with a scale for each row and step, sums are exact, states and all else stay float32. */
#define LSTM_WEIGHTS_W8A8 3    /**< As LSTM_WEIGHTS_INT8, but what they multiply becomes 8-bit numbers, as other runtimes' quantised LSTMs have it:
                                    quickest in batches, where the processor multiplies such numbers (AVX-512 VNNI), and least exact. */

/** A model made ready to run on batches of whole sequences, with the memory for it. */
typedef struct lstm_session lstm_session;

typedef struct lstm_session_options {
  size_t struct_size;
  int32_t precision; /**< LSTM_FLOAT32 (the default) or LSTM_FLOAT64: what is computed in */
  int32_t threads;   /**< 1 (the default) … 256: rows of a batch, or the units of a single row or of layers with many weights, are shared
                          out among so many threads; results do not depend on it */
  int32_t weights;   /**< LSTM_WEIGHTS_FLOAT32 (the default), or with LSTM_FLOAT32 one of the other LSTM_WEIGHTS_…: how the weights of
                          LSTM, GRU (with reset_after) and Dense layers are kept; other layers, and LSTM and GRU with functions other than
                          tanh and sigmoid, keep float32. Results stay the same however the model is called, within one form.
                          lstm_compare_precision() says what a form costs in accuracy. */
  int32_t reserved;  /**< must be 0 */
} lstm_session_options;

void lstm_session_options_init(lstm_session_options *options);

/** Prepares a model to run. `options`: NULL for the defaults. Packs the weights once; several sessions of a model share them.
 *  Errors: UNSUPPORTED (a layer cannot run, by name), MEMORY, ARGUMENT, HANDLE. */
lstm_status lstm_session_create(const lstm_model *model, const lstm_session_options *options, lstm_session **session);

/** Frees the handle, its memory and its threads. NULL is ignored. */
void lstm_session_free(lstm_session *session);

/** Computes what the outputs' shapes would be for inputs of such shapes (elements are not read): fills `dtype` (the session's precision),
 *  `rank` and `shape` of each output and leaves `data` alone. */
lstm_status lstm_session_output_shapes(lstm_session *session, const lstm_array *const *inputs, size_t input_count,
                                       lstm_array *const *outputs, size_t output_count);

/**
 * Runs the model. Inputs are [batch, …] in the model's order, of any dtype; all have the same batch. Outputs must have the shapes that
 * lstm_session_output_shapes() gives and a dtype of LSTM_FLOAT32 or LSTM_FLOAT64. Inputs and outputs may not overlap.
 * A stateful model continues from the previous call; lstm_session_reset() starts it anew.
 * Errors: SHAPE (which array, expected, found), ARGUMENT (a token outside the embedding's range, …), MEMORY, STATE.
 */
lstm_status lstm_session_predict(lstm_session *session, const lstm_array *const *inputs, size_t input_count,
                                 const lstm_array *const *outputs, size_t output_count);

/**
 * The short form for a model with one float input [batch, steps, features] and one output: reads batch·steps·features numbers from
 * `x` and writes the whole output to `y`, which has room for `y_count` numbers and must fit exactly. For an input without
 * steps ([batch, features]) pass steps = 1; for tokens [batch, steps] the features are 1.
 */
lstm_status lstm_session_predict_float(lstm_session *session, const float *x, int64_t batch, int64_t steps, float *y, size_t y_count);

/** Sets the state of stateful layers to zero. */
lstm_status lstm_session_reset(lstm_session *session);

/** What a form of weights costs in accuracy: one question of lstm_compare_precision(), and the answer. */
typedef struct lstm_precision_report {
  size_t struct_size;
  int32_t weights;      /**< asked for: LSTM_WEIGHTS_FLOAT32 (float32 throughout) or another LSTM_WEIGHTS_… */
  int32_t reserved;     /**< must be 0 */
  size_t output;        /**< asked for: which of the model's outputs */
  int64_t count;        /**< numbers that were compared */
  double largest_error; /**< the largest distance from the same model run in float64; infinite where one of the two is no number */
  double mean_error;    /**< the mean distance */
  double largest_value; /**< the largest magnitude in the float64 output, to see the errors against */
  int64_t weight_bytes; /**< packed weights of all LSTM, GRU, SimpleRNN and Dense layers in this form, padding included */
} lstm_precision_report;

/** Fills `report` with a question about float32 and the first output. NULL is ignored. */
void lstm_precision_report_init(lstm_precision_report *report);

/**
 * Runs the model on the caller's own data in float64 and in each form that a report asks for, from zero states, and fills in the reports. Inputs as
 * in lstm_session_predict(). Errors: as there, and ARGUMENT for a form or an output that there is not; no report is then changed.
 */
lstm_status lstm_compare_precision(const lstm_model *model, const lstm_array *const *inputs, size_t input_count,
                                   lstm_precision_report *const *reports, size_t report_count);

/* ---------------------------------------------------------------- stream: one instant at a time */

/** A model run step by step on a live series, with its state. After creation no call allocates memory, takes a lock or makes a
 *  system call, unless it was asked for several threads. */
typedef struct lstm_stream lstm_stream;

typedef struct lstm_stream_options {
  size_t struct_size;
  int32_t precision; /**< LSTM_FLOAT32 (the default) or LSTM_FLOAT64 */
  int32_t threads;   /**< 1 (the default) … 256: large recurrent layers are shared out among so many threads, whose handing over costs system
                          calls where steps are rare; results do not depend on it */
  int32_t weights;   /**< as in lstm_session_options */
  int32_t reserved;  /**< must be 0 */
} lstm_stream_options;

/** A part of a stream's state: which layer's, and where it lies in the numbers of lstm_stream_get_state(). */
typedef struct lstm_state_info {
  size_t struct_size;
  const char *name; /**< such as "lstm/h", "lstm/c", unique in the stream; layers with a mask also have "lstm/output", which a masked instant repeats */
  size_t offset, count;
} lstm_state_info;

void lstm_stream_options_init(lstm_stream_options *options);
void lstm_state_info_init(lstm_state_info *info);

/** Prepares a stream with its state at zero. UNSUPPORTED, with the layer's name, for a model that needs the future or the whole
 *  sequence (Bidirectional, go_backwards, pooling over all steps, …). */
lstm_status lstm_stream_create(const lstm_model *model, const lstm_stream_options *options, lstm_stream **stream);

/** Frees the handle. NULL is ignored. */
void lstm_stream_free(lstm_stream *stream);

/** How many numbers go in and come out at each step: the inputs of one instant one after the other, likewise the outputs. Either
 *  pointer may be NULL. */
lstm_status lstm_stream_get_sizes(const lstm_stream *stream, size_t *input_count, size_t *output_count);

/**
 * Advances by one instant: reads `x_count` numbers, writes `y_count`. Where the model returns only its last output, that is the output as
 * if the sequence ended here. The numbers are the same, bit for bit, as those of a session over the whole sequence.
 */
lstm_status lstm_stream_step(lstm_stream *stream, const float *x, size_t x_count, float *y, size_t y_count);

/** The same for doubles (in a float32 stream they are rounded). */
lstm_status lstm_stream_step_double(lstm_stream *stream, const double *x, size_t x_count, double *y, size_t y_count);

/** Advances by `steps` instants (0 or more): `x` is [steps, x_count / steps], `y` is [steps, y_count / steps]. */
lstm_status lstm_stream_steps(lstm_stream *stream, int64_t steps, const float *x, size_t x_count, float *y, size_t y_count);

/** The same for doubles. */
lstm_status lstm_stream_steps_double(lstm_stream *stream, int64_t steps, const double *x, size_t x_count, double *y, size_t y_count);

/** Sets the state to zero. */
lstm_status lstm_stream_reset(lstm_stream *stream);

/** How many numbers the state has, and of how many named parts it consists. Either pointer may be NULL. */
lstm_status lstm_stream_get_state_size(const lstm_stream *stream, size_t *count, size_t *parts);
lstm_status lstm_stream_get_state_info(const lstm_stream *stream, size_t part, lstm_state_info *info);

/** Copies the state out or in: `count` numbers of `dtype`, which must be the state's size. */
lstm_status lstm_stream_get_state(const lstm_stream *stream, int32_t dtype, void *values, size_t count);
lstm_status lstm_stream_set_state(lstm_stream *stream, int32_t dtype, const void *values, size_t count);

/** Makes a second stream with the same weights (shared) and a copy of the state. */
lstm_status lstm_stream_copy(const lstm_stream *stream, lstm_stream **copy);

/* ---------------------------------------------------------------- trace: the gates of a layer over a sequence */

/** What a recurrent layer's gates, state and output were at each step and unit. */
typedef struct lstm_trace lstm_trace;

/** One series of a trace. */
typedef struct lstm_series_info {
  size_t struct_size;
  const char *name;   /**< LSTM: "input", "forget", "candidate", "output_gate", "cell", "output"; GRU: "update", "reset",
                           "candidate", "output"; SimpleRNN: "output". Bidirectional: "forward/input", … */
  int32_t dtype;      /**< the session's precision */
  int32_t rank;       /**< 3 */
  int64_t shape[LSTM_MAX_RANK]; /**< [batch, steps, units]; index t is the input's step t in both directions */
  const void *data;   /**< the numbers; they belong to the trace */
} lstm_series_info;

void lstm_series_info_init(lstm_series_info *info);

/** Runs the model as lstm_session_predict() does, from a zero state and without changing the session's, and keeps what happened inside the
 *  recurrent layer `layer` (a name as in lstm_layer_info). ARGUMENT, naming the recurrent layers, if there is no such one. */
lstm_status lstm_trace_create(lstm_session *session, const char *layer, const lstm_array *const *inputs, size_t input_count,
                              lstm_trace **trace);
lstm_status lstm_trace_get_count(const lstm_trace *trace, size_t *count);
lstm_status lstm_trace_get_series(const lstm_trace *trace, size_t index, lstm_series_info *info);

/** Frees the handle and the numbers. NULL is ignored. */
void lstm_trace_free(lstm_trace *trace);

/* ---------------------------------------------------------------- trainer: learning */

/** A model's weights on their way: what is learnt stays in the trainer until lstm_trainer_update_model(). */
typedef struct lstm_trainer lstm_trainer;

typedef struct lstm_trainer_options {
  size_t struct_size;
  const char *configuration; /**< JSON: what to learn and how, in the words of Keras' compile(), with a new optimizer; NULL for what the
                                 model's file states, whose optimizer goes on where the file left it */
  int32_t precision;         /**< LSTM_FLOAT32 (the default) or LSTM_FLOAT64 */
  int32_t threads;           /**< 1 (the default) … 256; results do not depend on it */
  uint64_t seed;             /**< decides dropout, noise and the order of samples */
  int64_t tbptt_steps;       /**< truncated back-propagation through time: steps of a window; 0 (the default) for whole sequences */
  const double *class_weights; /**< what samples of class 0, 1, … count; NULL: all alike */
  size_t class_count;          /**< how many class weights there are; further classes count 1 */
  int32_t weights;  /**< LSTM_WEIGHTS_FLOAT32 (the default), or with LSTM_FLOAT32 LSTM_WEIGHTS_BF16: the layers that a session with it computes in
                         bf16 multiply rounded numbers here too: forward, with the bits of such a session, on the way back, and for the gradients of
                         their weights. Weights, states, sums, gradients and the optimizer stay float32, as do files; a checkpoint may be restored by a
                         trainer with the other form. Quicker on processors with AVX512_BF16; on others with AVX2 or more the same bits
                         (but for softmax), perhaps slower than float32. lstm_trainer_check_gradients() is in double precision as ever. */
  int32_t reserved; /**< 0 */
} lstm_trainer_options;

/** Rows to learn from. Arrays have any dtype and the same first dimension. */
typedef struct lstm_batch {
  size_t struct_size;
  const lstm_array *const *inputs; /**< one for each input of the model, in its order */
  size_t input_count;
  const lstm_array *const *targets; /**< one for each output */
  size_t target_count;
  const lstm_array *const *weights; /**< of samples, [batch] or [batch, steps]: none, one for all outputs, or one for each (entries may be NULL) */
  size_t weight_count;
} lstm_batch;

/** How far a fit is. */
typedef struct lstm_progress {
  size_t struct_size;
  int64_t epoch, epochs;   /**< the epoch, from 0, and how many there are */
  int64_t batch, batches;  /**< batches done in this epoch, and how many there are; 0 if nobody knows */
  const double *values;    /**< means over this epoch so far, as lstm_trainer_get_value_name() names them; at its end a row of the history */
  size_t value_count;
  int32_t end_of_epoch;    /**< 1 if the epoch is complete */
} lstm_progress;

/** Gives the batch `index` of an epoch: fills `batch` and returns 1; returns 0 at the end of the epoch, a negative number to stop. What
 *  it points to must stay as it is until the next call. */
typedef int32_t (*lstm_next_batch)(void *context, int64_t epoch, int64_t index, lstm_batch *batch);

/** Hears of a batch or epoch that is done. Returns 0 to go on, anything else to stop. It may save the trainer, nothing else. */
typedef int32_t (*lstm_fit_progress)(void *context, const lstm_progress *progress);

/** How a fit goes about it. */
typedef struct lstm_fit_options {
  size_t struct_size;
  int64_t epochs;             /**< 1 is the default */
  int64_t batch_size;         /**< 32 is the default */
  int32_t shuffle;            /**< 1 (the default): rows come in another order in each epoch, decided by the trainer's seed */
  int32_t resume;             /**< 1: go on with a fit that was stopped, or that a restored trainer was in; 0 (the default): begin anew */
  double validation_split;    /**< part of the rows, at the end, that is only validated with; 0 is the default */
  const lstm_batch *validation; /**< rows to validate with after each epoch, or NULL */
  const char *monitor;        /**< early stopping: a column of the history such as "val_loss"; NULL: no early stopping */
  int64_t patience;           /**< epochs without improvement before the end */
  double min_delta;           /**< changes up to it are no improvement */
  int32_t maximize;           /**< 1: larger is better, 0: smaller, -1 (the default): the name decides */
  int32_t restore_best;       /**< 1: put the weights of the best epoch back at the end */
  const char *plateau;        /**< JSON of Keras' ReduceLROnPlateau, or NULL */
  lstm_next_batch next;       /**< gives batches where the data are larger than memory; NULL if lstm_trainer_fit() is given arrays */
  lstm_fit_progress progress; /**< hears of each batch and epoch, or NULL */
  void *context;              /**< handed to both */
} lstm_fit_options;

#define LSTM_FIT_COMPLETED 0 /**< All epochs are done. */
#define LSTM_FIT_STOPPED 1   /**< Early stopping. */
#define LSTM_FIT_CANCELLED 2 /**< A callback asked for the end. */

/** What lstm_trainer_check_gradients() found. */
typedef struct lstm_gradient_report {
  size_t struct_size;
  int64_t checked;  /**< how many derivatives were compared */
  double worst;     /**< the largest difference, relative to the largest derivative of its weight */
  size_t weight;    /**< where it was found: a weight of the model */
  int64_t element;  /**< and which of its numbers */
  double analytic;  /**< what back-propagation says there */
  double numeric;   /**< what central differences say */
} lstm_gradient_report;

void lstm_trainer_options_init(lstm_trainer_options *options);
void lstm_batch_init(lstm_batch *batch);
void lstm_progress_init(lstm_progress *progress);
void lstm_fit_options_init(lstm_fit_options *options);
void lstm_gradient_report_init(lstm_gradient_report *report);

/** Prepares to train a model, from the weights that it has now. `options`: NULL for the defaults.
 *  Errors: UNSUPPORTED (a layer or option that cannot be trained, by name; an optimizer's state that cannot be gone on with), ARGUMENT, FORMAT (the configuration is no JSON), MEMORY, HANDLE. */
lstm_status lstm_trainer_create(const lstm_model *model, const lstm_trainer_options *options, lstm_trainer **trainer);

/** Frees the handle, its memory and its threads. NULL is ignored. */
void lstm_trainer_free(lstm_trainer *trainer);

/** How many values a batch reports, and their names: "loss" first. `count` is never 0. */
lstm_status lstm_trainer_get_value_count(const lstm_trainer *trainer, size_t *count);
lstm_status lstm_trainer_get_value_name(const lstm_trainer *trainer, size_t index, const char **name);

/**
 * Learns from one batch: forward, backward, update. `values` (may be NULL if `count` is 0) receives the first `count` of the values.
 * Errors: SHAPE, ARGUMENT (a token or class out of range, …), MEMORY, STATE (the loss or a gradient is no finite number: the sentence says
 * where that began, and the weights are as before).
 */
lstm_status lstm_trainer_train_batch(lstm_trainer *trainer, const lstm_batch *batch, double *values, size_t count);

/** The same values for a batch without learning from it, computed as a session would: no dropout, fixed averages. */
lstm_status lstm_trainer_evaluate(lstm_trainer *trainer, const lstm_batch *batch, double *values, size_t count);

/**
 * Learns from data for several epochs. `data`: all rows, or NULL if `options` names a function that gives batches. `options`: NULL for the
 * defaults. `outcome` (may be NULL) receives LSTM_FIT_…. After an error or a stop the trainer has the weights of the last batch done.
 * Errors: as lstm_trainer_train_batch().
 */
lstm_status lstm_trainer_fit(lstm_trainer *trainer, const lstm_batch *data, const lstm_fit_options *options, int32_t *outcome);

/** Asks the fit that is under way in another thread to end after the batch at hand, as if its callback had asked for it. Without a fit
 *  under way it does nothing. The one function that may be called while another thread uses the trainer. */
lstm_status lstm_trainer_cancel(lstm_trainer *trainer);

/** The history of the last fit: a row for each epoch, a column for each value, for each value of validation ("val_…") and for
 *  "learning_rate". Either pointer may be NULL. */
lstm_status lstm_trainer_get_history_size(const lstm_trainer *trainer, size_t *epochs, size_t *columns);
lstm_status lstm_trainer_get_history_name(const lstm_trainer *trainer, size_t column, const char **name);

/** Copies the history: `count` numbers, epochs times columns. */
lstm_status lstm_trainer_get_history(const lstm_trainer *trainer, double *values, size_t count);

/** The rate of the next update; setting one puts the schedule out of force. */
lstm_status lstm_trainer_get_learning_rate(const lstm_trainer *trainer, double *rate);
lstm_status lstm_trainer_set_learning_rate(lstm_trainer *trainer, double rate);

/** Writes a checkpoint, an HDF5 file: weights, optimizer, schedule, random state, states, how far the fit is. The file is replaced as by
 *  lstm_model_save(). Errors: IO, MEMORY, ARGUMENT, HANDLE. */
lstm_status lstm_trainer_save(const lstm_trainer *trainer, const char *path);

/** Goes on from a checkpoint, in a trainer that was created as the one that wrote it: what follows has the same bits as if it had never
 *  been interrupted. After an error the trainer is as it was. Errors: IO, FORMAT (damaged, or no checkpoint), SHAPE (of another model or
 *  optimizer), ARGUMENT, MEMORY. */
lstm_status lstm_trainer_restore(lstm_trainer *trainer, const char *path);

/** How many numbers the gradients have: those of all trainable weights in the model's order. */
lstm_status lstm_trainer_get_gradient_count(const lstm_trainer *trainer, size_t *count);

/** Forward and backward without an update; the gradients are read with lstm_trainer_get_gradients(). */
lstm_status lstm_trainer_compute_gradients(lstm_trainer *trainer, const lstm_batch *batch, double *values, size_t count);

/** Copies the gradients of the last batch: `count` numbers of `dtype` (LSTM_FLOAT32 or LSTM_FLOAT64), which must be their number. */
lstm_status lstm_trainer_get_gradients(const lstm_trainer *trainer, int32_t dtype, void *gradients, size_t count);

/** Updates the weights by gradients of the caller's, such as the average over several processes. */
lstm_status lstm_trainer_apply_gradients(lstm_trainer *trainer, int32_t dtype, const void *gradients, size_t count);

/** Writes the trainer's weights to the model it was made from, or to one of the same architecture, and with them what is learnt and the
 *  optimizer's state: lstm_model_save() keeps both where the format can, so that Keras, or another trainer, goes on from the file. */
lstm_status lstm_trainer_update_model(const lstm_trainer *trainer, lstm_model *model);

/** Sets the state of stateful layers to zero. */
lstm_status lstm_trainer_reset_states(lstm_trainer *trainer);

/** Compares the gradients of a batch with central differences of the loss, in double precision whatever the trainer's, for at most
 *  `samples` numbers of each weight (0: all). The trainer is left as it was. */
lstm_status lstm_trainer_check_gradients(const lstm_trainer *trainer, const lstm_batch *batch, int64_t samples,
                                         lstm_gradient_report *report);

#ifdef __cplusplus
}
#endif

#endif
