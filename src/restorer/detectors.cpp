#include "rfpp/restorer/detectors.hpp"
