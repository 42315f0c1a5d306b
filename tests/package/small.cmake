# A program of a few headers, after rfpp::rfpp has been found or added.
add_executable(consumer ${CMAKE_CURRENT_LIST_DIR}/small.cpp)
target_link_libraries(consumer PRIVATE rfpp::rfpp)
