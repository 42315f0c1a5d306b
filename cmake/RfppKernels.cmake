# rfpp::kernels, for programs of rfpp::rfpp: what depends on none of their templates, the kernels of the Cpu executor and
# the reading and writing of files, compiled once. Nothing of it is built before somebody links it.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernels/*.cpp)
add_library(rfpp_kernels STATIC EXCLUDE_FROM_ALL ${sources})
add_library(rfpp::kernels ALIAS rfpp_kernels)
target_link_libraries(rfpp_kernels PUBLIC rfpp PRIVATE $<TARGET_NAME_IF_EXISTS:rfpp_options>)
target_compile_definitions(rfpp_kernels PUBLIC RFPP_COMPILED_KERNELS)
# Whatever the rest is compiled for: this is where the time is spent when it runs.
target_compile_options(rfpp_kernels PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O2>)
