#include "rfpp/restorer/state.hpp"
