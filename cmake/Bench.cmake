# bench/*_bench.c: one program each under build/<preset>/bench, built by the target 'bench' alone.
add_custom_target(bench)

file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*_bench.c")
sw_libraries_up_to(net libraries)
foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    add_executable(${name} EXCLUDE_FROM_ALL ${source} bench/support.c)
    target_link_libraries(${name} PRIVATE ${libraries} sw_flags sw_warnings)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
    add_dependencies(bench ${name})
endforeach()

# What callgrind counts for tools/check_instructions.py, over the folders that it needs.
sw_libraries_up_to(ingest libraries)
add_executable(instructions EXCLUDE_FROM_ALL bench/instructions.c bench/support.c)
target_link_libraries(instructions PRIVATE ${libraries} sw_flags sw_warnings)
set_target_properties(instructions PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
