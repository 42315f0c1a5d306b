# rfpp::rfpp, the header-only library, and its installation. It carries no -march and no behaviour macros.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(Stb REQUIRED)
find_package(Threads REQUIRED)

add_library(rfpp INTERFACE)
add_library(rfpp::rfpp ALIAS rfpp)
target_compile_features(rfpp INTERFACE cxx_std_20)
target_include_directories(rfpp INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                          $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(rfpp INTERFACE Eigen3::Eigen nlohmann_json::nlohmann_json Stb::Stb Threads::Threads)

set(rfpp_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rfpp)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS rfpp EXPORT rfppTargets)
install(EXPORT rfppTargets NAMESPACE rfpp:: DESTINATION ${rfpp_package_dir})
configure_package_config_file(cmake/rfppConfig.cmake.in ${PROJECT_BINARY_DIR}/rfppConfig.cmake
                              INSTALL_DESTINATION ${rfpp_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rfppConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/rfppConfig.cmake ${PROJECT_BINARY_DIR}/rfppConfigVersion.cmake
              cmake/FindStb.cmake DESTINATION ${rfpp_package_dir})
