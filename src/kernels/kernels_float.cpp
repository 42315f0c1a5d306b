#include "rfpp/cpu/kernels.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

RFPP_KERNELS(template, float)

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu
