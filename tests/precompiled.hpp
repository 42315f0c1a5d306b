// What nearly every test includes, parsed once. A test still names what it needs.
#include "catch.hpp"
#include "rfpp/rfpp.hpp"
#include "support.hpp"
