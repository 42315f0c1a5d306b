#include "rfpp/restorer/parsers.hpp"
