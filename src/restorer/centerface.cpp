#include "rfpp/restorer/centerface.hpp"
