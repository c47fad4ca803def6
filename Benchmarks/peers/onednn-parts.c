#include "onednn-parts.h"

#include "worker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dnnl_engine_t engine;
dnnl_stream_t stream;

void must(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return;
  char why[40];
  snprintf(why, sizeof why, "status %d", (int)status);
  fail(what, why);
}

void begin(void) {
  must(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine");
  must(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "a stream");
}

description shape(int rank, const dnnl_dim_t *sizes, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  dnnl_dims_t all = {0};
  memcpy(all, sizes, sizeof *sizes * (size_t)rank);
#if DNNL_VERSION_MAJOR >= 3
  dnnl_memory_desc_t desc;
  must(dnnl_memory_desc_create_with_tag(&desc, rank, all, type, tag), "a shape");
#else
  dnnl_memory_desc_t *desc = malloc(sizeof *desc);
  if (!desc) fail("memory", "there is not so much");
  must(dnnl_memory_desc_init_by_tag(desc, rank, all, type, tag), "a shape");
#endif
  return desc;
}

size_t bytes_of(dnnl_memory_t memory) {
  description desc;
  must(dnnl_memory_get_memory_desc(memory, &desc), "memory");
  return dnnl_memory_desc_get_size(desc);
}

void *data_of(dnnl_memory_t memory) {
  void *data;
  must(dnnl_memory_get_data_handle(memory, &data), "memory");
  return data;
}

dnnl_memory_t memory_of(description desc, void *data) {
  dnnl_memory_t memory;
  must(dnnl_memory_create(&memory, desc, engine, data ? data : numbers(dnnl_memory_desc_get_size(desc) / sizeof(float) + 16)), "memory");
  return memory;
}

void run(const call *it) { must(dnnl_primitive_execute(it->primitive, stream, it->count, it->args), "a primitive"); }

dnnl_memory_t reordered(dnnl_memory_t from, description wanted, dnnl_primitive_attr_t scales) {
  dnnl_memory_t to = memory_of(wanted, NULL);
  dnnl_primitive_desc_t desc;
  description own;
  call it = {.count = 2, .args = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
  must(dnnl_memory_get_memory_desc(from, &own), "a reorder");
  must(dnnl_reorder_primitive_desc_create(&desc, own, engine, wanted, engine, scales), "a reorder");
  must(dnnl_primitive_create(&it.primitive, desc), "a reorder");
  run(&it);
  must(dnnl_stream_wait(stream), "a reorder");
  return to;
}

description asked(dnnl_primitive_desc_t desc, int arg) { return dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md, arg); }

void argument(call *it, int name, dnnl_memory_t memory) {
  it->args[it->count].arg = name;
  it->args[it->count++].memory = memory;
}

dnnl_primitive_attr_t scales_of(const float *layer, const float *iter, int inputs, int units, int gates) {
  int width = gates * units;
  float *scales = numbers((size_t)width);
  for (int k = 0; k < inputs + units; k++)
    for (int i = 0; i < width; i++) scales[i] = fmaxf(scales[i], fabsf(k < inputs ? layer[k * width + i] : iter[(k - inputs) * width + i]));
  for (int i = 0; i < width; i++) scales[i] = 127 / fmaxf(scales[i], 1e-6f);
  dnnl_primitive_attr_t made;
  must(dnnl_primitive_attr_create(&made), "scales");
  must(dnnl_primitive_attr_set_rnn_data_qparams(made, 127, 128), "scales");
  must(dnnl_primitive_attr_set_rnn_weights_qparams(made, width, 1 << 3 | 1 << 4, scales), "scales");
  return made;
}

/* Arguments in oneDNN's order; 3.x has peephole and projection between weights and bias. */
#define LSTM_IN it->src, it->state, it->cell, it->layer, it->iter
#define LSTM_OUT it->bias, it->dst, it->state, it->cell
#define GRU_ALL it->src, it->state, it->layer, it->iter, it->bias, it->dst, it->state

#if DNNL_VERSION_MAJOR >= 3

dnnl_primitive_desc_t forward_of(const shapes *it, dnnl_prop_kind_t kind) {
  dnnl_primitive_desc_t made;
  if (it->gru)
    must(dnnl_lbr_gru_forward_primitive_desc_create(&made, engine, kind, it->direction, GRU_ALL, 0, it->scales), "a GRU");
  else
    must(dnnl_lstm_forward_primitive_desc_create(&made, engine, kind, it->direction, LSTM_IN, NULL, NULL, LSTM_OUT, 0, it->scales), "an LSTM");
  return made;
}

dnnl_primitive_desc_t backward_of(const shapes *it, dnnl_primitive_desc_t forward) {
  dnnl_primitive_desc_t made;
  if (it->gru)
    must(dnnl_lbr_gru_backward_primitive_desc_create(&made, engine, dnnl_backward, it->direction, GRU_ALL, GRU_ALL, 0, forward, NULL), "a backward GRU");
  else
    must(dnnl_lstm_backward_primitive_desc_create(&made, engine, dnnl_backward, it->direction, LSTM_IN, NULL, NULL, LSTM_OUT, LSTM_IN, NULL, NULL,
                                                  LSTM_OUT, 0, forward, NULL),
         "a backward LSTM");
  return made;
}

#else

dnnl_primitive_desc_t forward_of(const shapes *it, dnnl_prop_kind_t kind) {
  dnnl_rnn_desc_t desc;
  dnnl_primitive_desc_t made;
  if (it->gru)
    must(dnnl_lbr_gru_forward_desc_init(&desc, kind, it->direction, GRU_ALL, 0), "a GRU");
  else
    must(dnnl_lstm_forward_desc_init(&desc, kind, it->direction, LSTM_IN, LSTM_OUT, 0), "an LSTM");
  must(dnnl_primitive_desc_create(&made, &desc, it->scales, engine, NULL), "a recurrent primitive");
  return made;
}

dnnl_primitive_desc_t backward_of(const shapes *it, dnnl_primitive_desc_t forward) {
  dnnl_rnn_desc_t desc;
  dnnl_primitive_desc_t made;
  if (it->gru)
    must(dnnl_lbr_gru_backward_desc_init(&desc, dnnl_backward, it->direction, GRU_ALL, GRU_ALL, 0), "a backward GRU");
  else
    must(dnnl_lstm_backward_desc_init(&desc, dnnl_backward, it->direction, LSTM_IN, LSTM_OUT, LSTM_IN, LSTM_OUT, 0), "a backward LSTM");
  must(dnnl_primitive_desc_create(&made, &desc, NULL, engine, forward), "a backward primitive");
  return made;
}

#endif
