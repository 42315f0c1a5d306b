# rfpp::restorer, the front door compiled once. Nothing of it is built before somebody links it, or RFPP_RESTORER asks
# for it. Its users need nothing but rfpp/restorer.hpp, and compile in two seconds.

# rfpp_add_restorer(name options...): the library, compiled with further options.
function(rfpp_add_restorer name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/restorer/*.cpp)
  if(RFPP_CUDA)
    file(GLOB kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/restorer/*.cu)
    list(APPEND sources ${kernels})
  endif()
  add_library(${name} EXCLUDE_FROM_ALL ${sources})
  # Every file would instantiate the same kernels: two halves take half the processor time of eleven files.
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 5)
  # The list must not see the definitions, and CUDA's files share little.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/restorer/network_list.cpp ${kernels}
                              TARGET_DIRECTORY ${name} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(${name} PUBLIC rfpp PRIVATE $<BUILD_INTERFACE:$<TARGET_NAME_IF_EXISTS:rfpp_options>>)
  target_compile_definitions(${name} PUBLIC RFPP_COMPILED)
  # Without a build type compilers do not optimize, and a face would take a minute.
  target_compile_options(${name} PRIVATE $<$<CONFIG:>:-O2> ${ARGN})
  if(RFPP_CUDA)
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:rfpp_cuda>)
    target_compile_definitions(${name} PUBLIC RFPP_CUDA)
  endif()
endfunction()

rfpp_add_restorer(rfpp_restorer)
add_library(rfpp::restorer ALIAS rfpp_restorer)
set_target_properties(rfpp_restorer PROPERTIES EXPORT_NAME restorer)
# An installation's package says where its own weights are.
target_compile_definitions(rfpp_restorer PUBLIC $<BUILD_INTERFACE:RFPP_WEIGHTS="${PROJECT_SOURCE_DIR}/weights">)
if(RFPP_RESTORER)
  set_target_properties(rfpp_restorer PROPERTIES EXCLUDE_FROM_ALL OFF)
endif()
