# What `cmake --install` and `cpack` take. Headers, the CMake package, pkg-config files and, where it is built,
# rfpp::restorer are the component `development`; programs and weights are `programs`.
include(CMakePackageConfigHelpers)
set(rfpp_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rfpp)
set(rfpp_weights_dir ${CMAKE_INSTALL_DATADIR}/rfpp)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS rfpp EXPORT rfppTargets)
if(RFPP_RESTORER)
  install(TARGETS rfpp_restorer EXPORT rfppTargets)
endif()
install(EXPORT rfppTargets NAMESPACE rfpp:: DESTINATION ${rfpp_package_dir})
configure_package_config_file(cmake/rfppConfig.cmake.in ${PROJECT_BINARY_DIR}/rfppConfig.cmake
                              INSTALL_DESTINATION ${rfpp_package_dir} PATH_VARS rfpp_weights_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rfppConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/rfppConfig.cmake ${PROJECT_BINARY_DIR}/rfppConfigVersion.cmake cmake/FindStb.cmake
              cmake/RfppCodecs.cmake cmake/RfppEmbed.cmake DESTINATION ${rfpp_package_dir})

# For builds without CMake. The files find the installation from where they lie.
file(RELATIVE_PATH rfpp_prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(package IN ITEMS rfpp rfpp-restorer)
  if(package STREQUAL rfpp OR RFPP_RESTORER)
    configure_file(cmake/${package}.pc.in ${PROJECT_BINARY_DIR}/${package}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  endif()
endforeach()

file(GLOB weights CONFIGURE_DEPENDS weights/*.safetensors weights/*.LICENSE)
install(FILES ${weights} DESTINATION ${rfpp_weights_dir} COMPONENT programs)
install(FILES weights/README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

# cpack: an archive and, where dpkg-shlibdeps (dpkg-dev) can say which libraries it needs, a Debian package of what a
# user runs.
set(CPACK_GENERATOR TGZ)
find_program(RFPP_SHLIBDEPS dpkg-shlibdeps)
mark_as_advanced(RFPP_SHLIBDEPS)
if(RFPP_SHLIBDEPS)
  list(APPEND CPACK_GENERATOR DEB)
endif()
set(CPACK_PACKAGE_NAME rfpp)
set(CPACK_PACKAGE_VENDOR rfpp)
set(CPACK_PACKAGE_CONTACT "The rfpp authors")
set(CPACK_PACKAGE_FILE_NAME rfpp-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Restores faces in photos")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL programs)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
include(CPack)
