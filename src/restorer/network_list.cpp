#include "rfpp/restorer/network_list.hpp"
