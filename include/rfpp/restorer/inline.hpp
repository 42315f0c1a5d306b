#ifndef RFPP_RESTORER_INLINE_HPP
#define RFPP_RESTORER_INLINE_HPP

// How the functions of this room are defined. In a header-only program they are inline, and restorer.hpp
// includes their definitions. A program that links rfpp::restorer finds them there; that target defines
// RFPP_COMPILED for its sources and for all that link it.

#if defined(RFPP_COMPILED)
#define RFPP_INLINE
#else
#define RFPP_INLINE inline
#endif

#endif
