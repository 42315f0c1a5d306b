#include "rfpp/restorer/backgrounds.hpp"
