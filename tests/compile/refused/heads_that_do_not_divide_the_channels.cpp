// expect: MultiHeadAttnBlock: the number of heads must divide the channels
#include "rfpp/nn/attention.hpp"

#ifdef RFPP_REFUSED
rfpp::MultiHeadAttnBlock<rfpp::AttentionSpec{.channels = 64, .heads = 7}> attention;
#else
rfpp::MultiHeadAttnBlock<rfpp::AttentionSpec{.channels = 64, .heads = 8}> attention;
#endif
