#ifndef RFPP_CUDA_HPP
#define RFPP_CUDA_HPP

// Everything for a GPU.

#if !defined(__CUDACC__)
#error "rfpp/cuda.hpp is for .cu files, which nvcc compiles; others include rfpp/rfpp.hpp"
#endif

#include "rfpp/cuda/network.hpp"
#include "rfpp/degrade/presets.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/metrics/networks.hpp"
#include "rfpp/metrics/similarity.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/registry.hpp"
#include "rfpp/train/objective.hpp"

#endif
