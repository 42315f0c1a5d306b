#include "rfpp/io/checkpoint_forms.hpp"
#include "rfpp/io/image_decode.hpp"
#include "rfpp/io/image_encode.hpp"
#include "rfpp/io/safetensors_header.hpp"
