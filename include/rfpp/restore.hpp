#ifndef RFPP_RESTORE_HPP
#define RFPP_RESTORE_HPP

// What a program needs that restores faces: networks and their weights, the processor, photos and image
// files.

#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/photo/restore.hpp"

#endif
