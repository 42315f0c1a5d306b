file(GLOB_RECURSE files ${FOLDER}/*)
if(files)
  message(FATAL_ERROR "a subproject installs ${files}")
endif()
