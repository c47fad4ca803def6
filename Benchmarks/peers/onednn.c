/* oneDNN's recurrent primitives through its C interface (2.x, as Debian has it), as a program that is measured: see worker.h.
 *
 * Weights lie in the layout that each primitive asks for; input and output are step by step, as oneDNN has them. Training is the forward and
 * backward primitive alone: no loss, no optimizer, no repacking of weights. */
#include "worker.h"

#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD = 64, MOST = 24 };

static job it;
static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void must(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return;
  char why[40];
  snprintf(why, sizeof why, "status %d", (int)status);
  fail(what, why);
}

/* A primitive with its arguments. */
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t args[MOST];
  int count;
} call;

typedef struct {
  call forward[2], backward;
  int forwards;
  dnnl_memory_t src_layer, dst_layer;
} layer;

static layer layers[4];
static float *x, *out;
static size_t in_count, out_count;

static dnnl_memory_t memory_of(const dnnl_memory_desc_t *desc, void *data) {
  dnnl_memory_t memory;
  size_t bytes = dnnl_memory_desc_get_size(desc);
  must(dnnl_memory_create(&memory, desc, engine, data ? data : numbers(bytes / sizeof(float) + 16)), "memory");
  return memory;
}

static float *data_of(dnnl_memory_t memory) {
  void *data;
  must(dnnl_memory_get_data_handle(memory, &data), "memory");
  return data;
}

static dnnl_memory_desc_t shape(int rank, const dnnl_dim_t *sizes, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t desc;
  dnnl_dims_t all = {0};
  memcpy(all, sizes, sizeof *sizes * (size_t)rank);
  must(dnnl_memory_desc_init_by_tag(&desc, rank, all, dnnl_f32, tag), "a shape");
  return desc;
}

static void run(const call *it) { must(dnnl_primitive_execute(it->primitive, stream, it->count, it->args), "a primitive"); }

/* The numbers in the layout that a primitive wants. */
static dnnl_memory_t reordered(dnnl_memory_t from, const dnnl_memory_desc_t *wanted) {
  dnnl_memory_t to = memory_of(wanted, NULL);
  dnnl_primitive_desc_t desc;
  const dnnl_memory_desc_t *own;
  call it = {.count = 2, .args = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
  must(dnnl_memory_get_memory_desc(from, &own), "a reorder");
  must(dnnl_reorder_primitive_desc_create(&desc, own, engine, wanted, engine, NULL), "a reorder");
  must(dnnl_primitive_create(&it.primitive, desc), "a reorder");
  run(&it);
  must(dnnl_stream_wait(stream), "a reorder");
  return to;
}

static const dnnl_memory_desc_t *asked(dnnl_primitive_desc_t desc, int arg) { return dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md, arg); }

static void argument(call *it, int name, dnnl_memory_t memory) {
  it->args[it->count].arg = name;
  it->args[it->count++].memory = memory;
}

/* One layer that reads `src` (or memory of its own) and makes steps · batch · directions · units numbers. */
static void make_layer(layer *made, dnnl_memory_t src, int inputs, const float **weights) {
  int gru = !strcmp(it.cell, "gru"), train = !strcmp(it.kind, "train"), is_stream = !strcmp(it.kind, "stream");
  dnnl_dim_t T = is_stream ? 1 : it.steps, N = it.batch, I = inputs, H = it.units, D = it.directions, G = gru ? 3 : 4, biases = 4;
  dnnl_dim_t tnc_in[] = {T, N, I}, tnc_out[] = {T, N, D * H}, state[] = {1, D, N, H};
  dnnl_dim_t layer_sizes[] = {1, D, I, G, H}, iter_sizes[] = {1, D, H, G, H}, bias_sizes[] = {1, D, biases, H};
  dnnl_memory_desc_t src_desc = shape(3, tnc_in, dnnl_tnc), dst_desc = shape(3, tnc_out, dnnl_tnc), state_desc = shape(4, state, dnnl_ldnc);
  dnnl_memory_desc_t any_layer = shape(5, layer_sizes, dnnl_format_tag_any), any_iter = shape(5, iter_sizes, dnnl_format_tag_any);
  dnnl_memory_desc_t own_layer = shape(5, layer_sizes, dnnl_ldigo), own_iter = shape(5, iter_sizes, dnnl_ldigo);
  dnnl_memory_desc_t bias_desc = shape(4, bias_sizes, dnnl_ldgo);
  dnnl_rnn_direction_t direction = D == 2 ? dnnl_bidirectional_concat : dnnl_unidirectional_left2right;
  dnnl_prop_kind_t kind = train ? dnnl_forward_training : dnnl_forward_inference;

  dnnl_rnn_desc_t desc;
  dnnl_primitive_desc_t forward;
  if (gru)
    must(dnnl_lbr_gru_forward_desc_init(&desc, kind, direction, &src_desc, &state_desc, &any_layer, &any_iter, &bias_desc, &dst_desc, &state_desc, 0),
         "a GRU");
  else
    must(dnnl_lstm_forward_desc_init(&desc, kind, direction, &src_desc, &state_desc, &state_desc, &any_layer, &any_iter, &bias_desc, &dst_desc,
                                     &state_desc, &state_desc, 0),
         "an LSTM");
  must(dnnl_primitive_desc_create(&forward, &desc, NULL, engine, NULL), "a recurrent primitive");

  dnnl_memory_t raw_layer = memory_of(&own_layer, (void *)*weights), raw_iter;
  *weights += D * I * G * H;
  raw_iter = memory_of(&own_iter, (void *)*weights);
  *weights += D * H * G * H;
  dnnl_memory_t bias = memory_of(&bias_desc, (void *)*weights);
  *weights += D * biases * H;
  dnnl_memory_t h[2] = {memory_of(&state_desc, NULL), memory_of(&state_desc, NULL)}, c[2] = {memory_of(&state_desc, NULL), memory_of(&state_desc, NULL)};
  made->src_layer = src ? src : memory_of(&src_desc, NULL);
  made->dst_layer = memory_of(&dst_desc, NULL);
  dnnl_memory_t w_layer = reordered(raw_layer, asked(forward, DNNL_ARG_WEIGHTS_LAYER)), w_iter = reordered(raw_iter, asked(forward, DNNL_ARG_WEIGHTS_ITER));
  dnnl_memory_t workspace = NULL;
  if (train) workspace = memory_of(asked(forward, DNNL_ARG_WORKSPACE), NULL);
  dnnl_primitive_t primitive;
  must(dnnl_primitive_create(&primitive, forward), "a recurrent primitive");
  /* A stream's second call has the states swapped. */
  made->forwards = is_stream ? 2 : 1;
  for (int i = 0; i < made->forwards; i++) {
    call *one = &made->forward[i];
    one->primitive = primitive;
    argument(one, DNNL_ARG_SRC_LAYER, made->src_layer);
    argument(one, DNNL_ARG_SRC_ITER, h[i]);
    argument(one, DNNL_ARG_WEIGHTS_LAYER, w_layer);
    argument(one, DNNL_ARG_WEIGHTS_ITER, w_iter);
    argument(one, DNNL_ARG_BIAS, bias);
    argument(one, DNNL_ARG_DST_LAYER, made->dst_layer);
    argument(one, DNNL_ARG_DST_ITER, h[1 - i]);
    if (!gru) argument(one, DNNL_ARG_SRC_ITER_C, c[i]);
    if (!gru) argument(one, DNNL_ARG_DST_ITER_C, c[1 - i]);
    if (train) argument(one, DNNL_ARG_WORKSPACE, workspace);
  }
  if (!train) return;

  dnnl_primitive_desc_t backward;
  dnnl_rnn_desc_t back;
  must(dnnl_lstm_backward_desc_init(&back, dnnl_backward, direction, &src_desc, &state_desc, &state_desc, &any_layer, &any_iter, &bias_desc, &dst_desc,
                                    &state_desc, &state_desc, &src_desc, &state_desc, &state_desc, &any_layer, &any_iter, &bias_desc, &dst_desc,
                                    &state_desc, &state_desc, 0),
       "a backward LSTM");
  must(dnnl_primitive_desc_create(&backward, &back, NULL, engine, forward), "a backward primitive");
  call *one = &made->backward;
  must(dnnl_primitive_create(&one->primitive, backward), "a backward primitive");
  argument(one, DNNL_ARG_SRC_LAYER, made->src_layer);
  argument(one, DNNL_ARG_SRC_ITER, h[0]);
  argument(one, DNNL_ARG_SRC_ITER_C, c[0]);
  argument(one, DNNL_ARG_WEIGHTS_LAYER, reordered(raw_layer, asked(backward, DNNL_ARG_WEIGHTS_LAYER)));
  argument(one, DNNL_ARG_WEIGHTS_ITER, reordered(raw_iter, asked(backward, DNNL_ARG_WEIGHTS_ITER)));
  argument(one, DNNL_ARG_BIAS, bias);
  argument(one, DNNL_ARG_DST_LAYER, made->dst_layer);
  argument(one, DNNL_ARG_DST_ITER, h[1]);
  argument(one, DNNL_ARG_DST_ITER_C, c[1]);
  argument(one, DNNL_ARG_WORKSPACE, workspace);
  static const int differences[] = {DNNL_ARG_DIFF_SRC_LAYER, DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER_C, DNNL_ARG_DIFF_WEIGHTS_LAYER,
                                    DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST_LAYER, DNNL_ARG_DIFF_DST_ITER,
                                    DNNL_ARG_DIFF_DST_ITER_C};
  for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) argument(one, differences[i], memory_of(asked(backward, differences[i]), NULL));
}

void work(int64_t count) {
  if (!strcmp(it.kind, "stream")) {
    float *to = data_of(layers[0].src_layer), *from = data_of(layers[0].dst_layer);
    for (int64_t i = 0; i < count; i++) {
      memcpy(to, x + (size_t)(i % PERIOD) * in_count, in_count * sizeof *to);
      run(&layers[0].forward[i % 2]);
      memcpy(out, from, out_count * sizeof *out);
    }
  } else {
    for (int64_t i = 0; i < count; i++) {
      for (int l = 0; l < it.layers; l++) run(&layers[l].forward[0]);
      if (!strcmp(it.kind, "train")) run(&layers[0].backward);
    }
    must(dnnl_stream_wait(stream), "waiting");
  }
}

void check_work(const char *path) {
  for (int i = 0; i < layers[0].forward[0].count; i++) {
    int name = layers[0].forward[0].args[i].arg;
    if (name == DNNL_ARG_SRC_ITER || name == DNNL_ARG_SRC_ITER_C)
      memset(data_of(layers[0].forward[0].args[i].memory), 0, sizeof(float) * (size_t)(it.batch * it.units * it.directions));
  }
  work(!strcmp(it.kind, "stream") ? PERIOD : 1);
  write_numbers(path, strcmp(it.kind, "stream") ? data_of(layers[it.layers - 1].dst_layer) : out, out_count);
}

int main(int count, char **words) {
  it = read_job(count, words);
  must(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine");
  must(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "a stream");
  size_t most = 1 << 26;
  FILE *file = fopen(it.model, "rb");
  if (!file) fail(it.model, "cannot be read");
  float *all = numbers(most);
  if (!fread(all, sizeof *all, most, file)) fail(it.model, "is empty");
  fclose(file);
  const float *weights = all;
  int inputs = it.inputs;
  for (int l = 0; l < it.layers; l++) {
    make_layer(&layers[l], l ? layers[l - 1].dst_layer : NULL, inputs, &weights);
    inputs = it.units * it.directions;
  }
  int is_stream = !strcmp(it.kind, "stream");
  in_count = (size_t)it.inputs * (size_t)(is_stream ? 1 : it.batch * it.steps);
  out_count = (size_t)(it.units * it.directions) * (size_t)(is_stream ? 1 : it.batch * it.steps);
  out = numbers(out_count);
  x = read_numbers(it.x, in_count * (is_stream ? PERIOD : 1));
  if (!is_stream) memcpy(data_of(layers[0].src_layer), x, in_count * sizeof *x);
  return serve();
}
