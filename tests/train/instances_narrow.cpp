#include "instances.hpp"

RFPP_NARROW_INSTANCES(template)
