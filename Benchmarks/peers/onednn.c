/* oneDNN's recurrent primitives through its C interface (2.x as Debian has it, 3.x as PyPI has it), as a program that is measured: see worker.h.
 *
 * Weights lie in the layout that each primitive asks for; input and output are step by step, as oneDNN has them. In bf16 input, output, h and
 * weights have that type; in int8 input, h and weights have 8 bits, and the output is float32; c and biases always are. Inputs and weights are
 * converted beforehand. Training is the forward and backward primitive alone:
 * no loss, no optimizer, no repacking of weights. */
#include "onednn-parts.h"
#include "worker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD = 64 };

typedef struct {
  call forward[2], backward;
  dnnl_memory_t src_layer, dst_layer;
} layer;

static job it;
static int is_stream, is_train;
static dnnl_data_type_t in_type, out_type, weight_type;
static layer layers[4];
static char *x, *out;
/* Of one call. */
static size_t in_count, out_count, in_bytes, out_bytes;

/* The way back, beside the way there. */
static void make_backward(layer *made, const shapes *all, dnnl_primitive_desc_t forward, dnnl_memory_t raw_layer, dnnl_memory_t raw_iter) {
  static const int same[] = {DNNL_ARG_SRC_LAYER, DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C, DNNL_ARG_BIAS, DNNL_ARG_DST_LAYER, DNNL_ARG_DST_ITER,
                             DNNL_ARG_DST_ITER_C, DNNL_ARG_WORKSPACE};
  static const int differences[] = {DNNL_ARG_DIFF_SRC_LAYER, DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER,
                                    DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST_LAYER, DNNL_ARG_DIFF_DST_ITER, DNNL_ARG_DIFF_SRC_ITER_C,
                                    DNNL_ARG_DIFF_DST_ITER_C};
  dnnl_primitive_desc_t backward = backward_of(all, forward);
  call *one = &made->backward;
  must(dnnl_primitive_create(&one->primitive, backward), "a backward primitive");
  const call *other = &made->forward[0];
  for (int i = 0; i < other->count; i++)
    for (size_t k = 0; k < sizeof same / sizeof *same; k++)
      if (other->args[i].arg == same[k]) argument(one, same[k], other->args[i].memory);
  argument(one, DNNL_ARG_WEIGHTS_LAYER, reordered(raw_layer, asked(backward, DNNL_ARG_WEIGHTS_LAYER), NULL));
  argument(one, DNNL_ARG_WEIGHTS_ITER, reordered(raw_iter, asked(backward, DNNL_ARG_WEIGHTS_ITER), NULL));
  /* The last two are of a cell state. */
  size_t count = sizeof differences / sizeof *differences - (all->gru ? 2 : 0);
  for (size_t i = 0; i < count; i++) argument(one, differences[i], memory_of(asked(backward, differences[i]), NULL));
}

/* One layer that reads `src` (or memory of its own) and makes steps · batch · directions · units numbers. */
static void make_layer(layer *made, dnnl_memory_t src, int inputs, const float **weights) {
  int gru = !strcmp(it.cell, "gru");
  dnnl_dim_t T = is_stream ? 1 : it.steps, N = it.batch, I = inputs, H = it.units, D = it.directions, G = gru ? 3 : 4, biases = 4;
  dnnl_dim_t tnc_in[] = {T, N, I}, tnc_out[] = {T, N, D * H}, state[] = {1, D, N, H};
  dnnl_dim_t layer_sizes[] = {1, D, I, G, H}, iter_sizes[] = {1, D, H, G, H}, bias_sizes[] = {1, D, biases, H};
  shapes all = {.gru = gru,
                .direction = D == 2 ? dnnl_bidirectional_concat : dnnl_unidirectional_left2right,
                .src = shape(3, tnc_in, in_type, dnnl_tnc),
                .state = shape(4, state, in_type, dnnl_ldnc),
                .cell = shape(4, state, dnnl_f32, dnnl_ldnc),
                .layer = shape(5, layer_sizes, weight_type, dnnl_format_tag_any),
                .iter = shape(5, iter_sizes, weight_type, dnnl_format_tag_any),
                .bias = shape(4, bias_sizes, dnnl_f32, dnnl_ldgo),
                .dst = shape(3, tnc_out, out_type, dnnl_tnc)};
  if (weight_type == dnnl_s8) all.scales = scales_of(*weights, *weights + I * G * H, inputs, it.units, (int)G);
  dnnl_primitive_desc_t forward = forward_of(&all, is_train ? dnnl_forward_training : dnnl_forward_inference);

  dnnl_memory_t raw_layer = memory_of(shape(5, layer_sizes, dnnl_f32, dnnl_ldigo), (void *)*weights);
  *weights += D * I * G * H;
  dnnl_memory_t raw_iter = memory_of(shape(5, iter_sizes, dnnl_f32, dnnl_ldigo), (void *)*weights);
  *weights += D * H * G * H;
  dnnl_memory_t bias = memory_of(all.bias, (void *)*weights);
  *weights += D * biases * H;
  dnnl_memory_t h[2] = {memory_of(all.state, NULL), memory_of(all.state, NULL)}, c[2] = {memory_of(all.cell, NULL), memory_of(all.cell, NULL)};
  made->src_layer = src ? src : memory_of(all.src, NULL);
  made->dst_layer = memory_of(all.dst, NULL);
  dnnl_memory_t w_layer = reordered(raw_layer, asked(forward, DNNL_ARG_WEIGHTS_LAYER), all.scales);
  dnnl_memory_t w_iter = reordered(raw_iter, asked(forward, DNNL_ARG_WEIGHTS_ITER), all.scales);
  dnnl_memory_t workspace = NULL;
  if (is_train) workspace = memory_of(asked(forward, DNNL_ARG_WORKSPACE), NULL);
  dnnl_primitive_t primitive;
  must(dnnl_primitive_create(&primitive, forward), "a recurrent primitive");
  /* A stream's second call has the states swapped. */
  for (int i = 0; i < (is_stream ? 2 : 1); i++) {
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
    if (is_train) argument(one, DNNL_ARG_WORKSPACE, workspace);
  }
  if (is_train) make_backward(made, &all, forward, raw_layer, raw_iter);
}

void work(int64_t count) {
  if (is_stream) {
    char *to = data_of(layers[0].src_layer), *from = data_of(layers[0].dst_layer);
    for (int64_t i = 0; i < count; i++) {
      memcpy(to, x + (size_t)(i % PERIOD) * in_bytes, in_bytes);
      run(&layers[0].forward[i % 2]);
      memcpy(out, from, out_bytes);
    }
  } else {
    for (int64_t i = 0; i < count; i++) {
      for (int l = 0; l < it.layers; l++) run(&layers[l].forward[0]);
      if (is_train) run(&layers[0].backward);
    }
    must(dnnl_stream_wait(stream), "waiting");
  }
}

void check_work(const char *path) {
  const call *first = &layers[0].forward[0];
  for (int i = 0; i < first->count; i++)
    if (first->args[i].arg == DNNL_ARG_SRC_ITER || first->args[i].arg == DNNL_ARG_SRC_ITER_C)
      memset(data_of(first->args[i].memory), first->args[i].arg == DNNL_ARG_SRC_ITER && in_type == dnnl_u8 ? 128 : 0, bytes_of(first->args[i].memory));
  work(is_stream ? PERIOD : 1);
  dnnl_dim_t count[] = {(dnnl_dim_t)out_count};
  dnnl_memory_t made = memory_of(shape(1, count, out_type, dnnl_a), is_stream ? out : data_of(layers[it.layers - 1].dst_layer));
  write_numbers(path, data_of(reordered(made, shape(1, count, dnnl_f32, dnnl_a), NULL)), out_count);
}

/* The inputs of a file in the type of the primitives. */
static char *read_inputs(size_t count) {
  float *from = read_numbers(it.x, count);
  if (in_type == dnnl_u8) {
    uint8_t *to = (uint8_t *)numbers(count);
    for (size_t i = 0; i < count; i++) to[i] = (uint8_t)lrintf(128 + 127 * from[i]);
    return (char *)to;
  }
  dnnl_dim_t sizes[] = {(dnnl_dim_t)count};
  return data_of(reordered(memory_of(shape(1, sizes, dnnl_f32, dnnl_a), from), shape(1, sizes, in_type, dnnl_a), NULL));
}

int main(int count, char **words) {
  it = read_job(count, words);
  is_stream = !strcmp(it.kind, "stream");
  is_train = !strcmp(it.kind, "train");
  in_type = out_type = weight_type = !strcmp(it.weights, "bf16") ? dnnl_bf16 : dnnl_f32;
  if (!strcmp(it.weights, "int8")) {
    if (it.layers > 1 || it.directions > 1) fail("int8", "one layer, one direction");
    in_type = dnnl_u8, weight_type = dnnl_s8;
  }
  begin();
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
  in_count = (size_t)it.inputs * (size_t)(is_stream ? 1 : it.batch * it.steps);
  out_count = (size_t)(it.units * it.directions) * (size_t)(is_stream ? 1 : it.batch * it.steps);
  in_bytes = in_count * (in_type == dnnl_u8 ? 1 : in_type == dnnl_bf16 ? 2 : sizeof(float));
  out_bytes = out_count * (out_type == dnnl_bf16 ? 2 : sizeof(float));
  out = (char *)numbers(out_count);
  x = read_inputs(in_count * (is_stream ? PERIOD : 1));
  if (!is_stream) memcpy(data_of(layers[0].src_layer), x, in_bytes);
  return serve();
}
