#include "rfpp/io/safetensors.hpp"
#include "rfpp/photo/landmarks.hpp"

// Of everything that needs JSON, and of nothing that needs Eigen.
int main() {
  const auto face = rfpp::photo::parse_landmarks({{"landmarks", {{1, 1}, {9, 1}, {5, 5}, {2, 9}, {8, 9}}}});
  return rfpp::photo::eye_distance(face) == 8 ? 0 : 1;
}
