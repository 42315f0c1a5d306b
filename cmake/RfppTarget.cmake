# rfpp::rfpp, the header-only library. It carries no -march and no behavior macros.
include(GNUInstallDirs)

# A project around this one may bring the dependencies as targets of its own. Only eigen/ and
# metrics/frechet.hpp need Eigen, 3.4 or any later version: a version asked for here would refuse Eigen 5.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 QUIET NO_MODULE)
  if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.4)
    message(FATAL_ERROR "rfpp: expected Eigen 3.4 or later, found ${Eigen3_VERSION} in ${Eigen3_DIR}")
  endif()
endif()
if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.10 REQUIRED)
endif()
if(NOT TARGET Stb::Stb)
  find_package(Stb MODULE REQUIRED)  # Conan's package for CMake has a target of another name
endif()
find_package(Threads REQUIRED)

add_library(rfpp INTERFACE)
add_library(rfpp::rfpp ALIAS rfpp)
target_compile_features(rfpp INTERFACE cxx_std_20)
target_include_directories(rfpp INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                          $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Not for the export, which refuses dependencies that are built beside rfpp: rfppConfig.cmake links what it finds.
foreach(dependency IN ITEMS Eigen3::Eigen nlohmann_json::nlohmann_json Stb::Stb Threads::Threads)
  if(TARGET ${dependency})
    target_link_libraries(rfpp INTERFACE $<BUILD_INTERFACE:${dependency}>)
  endif()
endforeach()
