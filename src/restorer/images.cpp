#include "rfpp/restorer/images.hpp"
