#include "instances.hpp"

RFPP_INSTANCES(template, double)
