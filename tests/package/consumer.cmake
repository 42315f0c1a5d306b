# A program as a user of rfpp would build it, after rfpp::rfpp has been found or added.
foreach(property IN ITEMS COMPILE_OPTIONS COMPILE_DEFINITIONS LINK_OPTIONS)
  get_target_property(value rfpp::rfpp INTERFACE_${property})
  if(value)
    message(FATAL_ERROR "rfpp::rfpp forces ${property} on its users: ${value}")
  endif()
endforeach()

add_executable(consumer ${CMAKE_CURRENT_LIST_DIR}/main.cpp ${CMAKE_CURRENT_LIST_DIR}/other.cpp)
target_link_libraries(consumer PRIVATE rfpp::rfpp)
target_compile_options(consumer PRIVATE -Wall -Wextra -Wshadow -Wconversion -Werror)
