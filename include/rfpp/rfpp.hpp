#ifndef RFPP_RFPP_HPP
#define RFPP_RFPP_HPP

// Everything that needs no GPU, but for what is made of Eigen, which not everybody has and which takes long
// to compile, eigen/ and metrics/frechet.hpp, and the front door, restorer.hpp, which instantiates every network.

// what programs need that restore faces
#include "rfpp/restore.hpp"
// tensors and expressions
#include "rfpp/core/fields.hpp"
#include "rfpp/core/random.hpp"
#include "rfpp/core/tensor.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/random.hpp"
#include "rfpp/expr/resize.hpp"
// executors
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/cpu/prepare.hpp"
// layers and networks
#include "rfpp/model/arcface.hpp"
#include "rfpp/model/bisenet.hpp"
#include "rfpp/model/centerface.hpp"
#include "rfpp/model/codeformer.hpp"
#include "rfpp/model/gfpgan.hpp"
#include "rfpp/model/gpen.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/lpips.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/model/parsenet.hpp"
#include "rfpp/model/registry.hpp"
#include "rfpp/model/retinaface.hpp"
#include "rfpp/model/vqfr.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/batch_norm.hpp"
#include "rfpp/nn/bilinear.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/deformable_conv2d.hpp"
#include "rfpp/nn/depthwise.hpp"
#include "rfpp/nn/group_norm.hpp"
#include "rfpp/nn/layer_norm.hpp"
#include "rfpp/nn/linear.hpp"
#include "rfpp/nn/max_pool.hpp"
#include "rfpp/nn/modulated_conv2d.hpp"
#include "rfpp/nn/normed_conv2d.hpp"
#include "rfpp/nn/pad.hpp"
#include "rfpp/nn/resample.hpp"
#include "rfpp/nn/resnet_block.hpp"
#include "rfpp/nn/sft.hpp"
#include "rfpp/nn/texture_warp.hpp"
#include "rfpp/nn/transformer.hpp"
// training
#include "rfpp/train/tape.hpp"
#include "rfpp/train/trainer.hpp"
// degraded faces
#include "rfpp/degrade/components.hpp"
#include "rfpp/degrade/image.hpp"
#include "rfpp/degrade/log.hpp"
#include "rfpp/degrade/presets.hpp"
// metrics
#include "rfpp/metrics/appearance.hpp"
#include "rfpp/metrics/networks.hpp"
#include "rfpp/metrics/report.hpp"
#include "rfpp/metrics/similarity.hpp"
// faces in photographs
#include "rfpp/detect/centerface.hpp"
#include "rfpp/detect/draw.hpp"
#include "rfpp/detect/landmark_error.hpp"
#include "rfpp/detect/retinaface.hpp"
// photographs
#include "rfpp/photo/color.hpp"
#include "rfpp/photo/landmarks.hpp"
#include "rfpp/photo/mask.hpp"
#include "rfpp/photo/parsing.hpp"
#include "rfpp/photo/paste.hpp"
#include "rfpp/photo/restore.hpp"
#include "rfpp/photo/similarity.hpp"
#include "rfpp/photo/upscaler.hpp"
#include "rfpp/photo/warp.hpp"
// files
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/embedded_files.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/image_files.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/io/shipped_files.hpp"
#include "rfpp/io/tensors.hpp"

#endif
