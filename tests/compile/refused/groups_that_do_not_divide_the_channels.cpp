// expect: GroupNorm: the groups must divide the channels
#include "rfpp/nn/resnet_block.hpp"

#ifdef RFPP_REFUSED
rfpp::ResnetBlock<rfpp::BlockSpec{.in = 48, .out = 64}> block;
#else
rfpp::ResnetBlock<rfpp::BlockSpec{.in = 48, .out = 64, .groups = 16}> block;
#endif
