#ifndef RFPP_RESTORER_DOOR_HPP
#define RFPP_RESTORER_DOOR_HPP

// The front door: restores faces without a word about networks, executors or expressions. A program that
// links the compiled target rfpp::restorer compiles in two seconds; with rfpp::rfpp alone it compiles every
// network.

#include "rfpp/restorer/restorer.hpp"

#if !defined(RFPP_COMPILED)
#include "rfpp/restorer/definitions.hpp"
#endif

#endif
