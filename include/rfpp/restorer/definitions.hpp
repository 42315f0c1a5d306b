#ifndef RFPP_RESTORER_DEFINITIONS_HPP
#define RFPP_RESTORER_DEFINITIONS_HPP

// The definitions of all that restorer.hpp declares. Instantiates every network: takes a minute to compile.

#include "rfpp/restorer/backgrounds.hpp"
#include "rfpp/restorer/codeformer.hpp"
#include "rfpp/restorer/detectors.hpp"
#include "rfpp/restorer/gfpgan.hpp"
#include "rfpp/restorer/gpen.hpp"
#include "rfpp/restorer/images.hpp"
#include "rfpp/restorer/network_list.hpp"
#include "rfpp/restorer/network_on_cpu.hpp"
#include "rfpp/restorer/parsers.hpp"
#include "rfpp/restorer/restoreformer.hpp"
#include "rfpp/restorer/state.hpp"
#include "rfpp/restorer/vqfr.hpp"

#endif
