/* What onednn.c needs of oneDNN's C interface, written once for 2.x (structures, operation descriptors) and 3.x (handles, none). */
#ifndef LSTM_BENCHMARKS_ONEDNN_PARTS_H
#define LSTM_BENCHMARKS_ONEDNN_PARTS_H

#include <dnnl.h>
#include <stddef.h>

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t description;
#else
typedef const dnnl_memory_desc_t *description;
#endif

enum { MOST = 24 };

/* A primitive with its arguments. */
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t args[MOST];
  int count;
} call;

/* The tensors of a recurrent layer; those of its gradients have the same shapes. */
typedef struct {
  int gru;
  dnnl_rnn_direction_t direction;
  description src, state, cell, layer, iter, bias, dst;
  /* How numbers become 8 bits; NULL for none. */
  dnnl_primitive_attr_t scales;
} shapes;

extern dnnl_engine_t engine;
extern dnnl_stream_t stream;

/* Makes both. Each of these functions ends the program where oneDNN refuses. */
void begin(void);
void must(dnnl_status_t status, const char *what);
/* Never freed: there are a few for each layer. */
description shape(int rank, const dnnl_dim_t *sizes, dnnl_data_type_t type, dnnl_format_tag_t tag);
size_t bytes_of(dnnl_memory_t memory);
void *data_of(dnnl_memory_t memory);
/* Around `data`, or around zeros of its own. */
dnnl_memory_t memory_of(description desc, void *data);
/* The numbers in the type and layout that a primitive wants. */
dnnl_memory_t reordered(dnnl_memory_t from, description wanted, dnnl_primitive_attr_t scales);
/* Which type and layout a primitive wants. */
description asked(dnnl_primitive_desc_t desc, int arg);
void argument(call *it, int name, dnnl_memory_t memory);
void run(const call *it);

/* For x and h, which lie between −1 and 1, 128 + 127 · x in 8 bits; for the weights of each gate of each unit the scale that its largest one takes. */
dnnl_primitive_attr_t scales_of(const float *layer, const float *iter, int inputs, int units, int gates);

dnnl_primitive_desc_t forward_of(const shapes *it, dnnl_prop_kind_t kind);
dnnl_primitive_desc_t backward_of(const shapes *it, dnnl_primitive_desc_t forward);

#endif
