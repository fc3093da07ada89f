/** Why a CPython test has no passing test here, or one that expects something else. */
export type Note =
  | { status: 'not applicable'; reason: string }
  | {
      status: 'differs';
      reason: string;
      /** The anchor in docs/differences.md: `one-receiver`. */
      entry: string;
    };

/** The same note for several tests of a class. */
function alike(suite: string, note: Note, ...names: readonly string[]): Record<string, Note> {
  return Object.fromEntries(names.map((name) => [`${suite}::${name}`, note]));
}

/** Tests that cannot exist here, for this reason. */
function notApplicable(
  reason: string,
  suite: string,
  ...names: readonly string[]
): Record<string, Note> {
  return alike(suite, { status: 'not applicable', reason }, ...names);
}

/** By the CPython test: `test_futures.py::BaseFutureTests::test_cancel`. */
export const notes: Readonly<Record<string, Note>> = {
  'test_futures.py::BaseFutureTests::test_generic_alias': {
    status: 'not applicable',
    reason: 'tests the run-time form of a type annotation; TypeScript erases them',
  },
  'test_futures.py::DuckTests::test_wrap_future': {
    status: 'differs',
    reason: 'futures are recognized by their class, and anything else with a then() is a promise',
    entry: 'futures-are-known-by-their-class',
  },
  'test_futures.py::DuckTests::test_ensure_future': {
    status: 'differs',
    reason: 'futures are recognized by their class, and anything else with a then() is a promise',
    entry: 'futures-are-known-by-their-class',
  },
  'test_futures.py::BaseFutureTests::test_uninitialized': {
    status: 'not applicable',
    reason:
      'creates an object without calling its constructor; in JavaScript, such an object has no private fields',
  },
  'test_futures.py::BaseFutureTests::test_future_cancel_message_setter': {
    status: 'not applicable',
    reason: 'sets a private attribute',
  },
  'test_futures.py::BaseFutureTests::test_iter': {
    status: 'not applicable',
    reason: "calls methods of Python's generators; here, an await calls then()",
  },
  'test_futures.py::BaseFutureTests::test_log_traceback': {
    status: 'not applicable',
    reason: 'sets a private attribute',
  },
  'test_futures.py::BaseFutureTests::test_wrap_future_cancel': {
    status: 'differs',
    reason: 'promises cannot be cancelled, so cancelling the future does not stop their work',
    entry: 'wrapped-promises',
  },
  'test_futures.py::BaseFutureTests::test_future_iter_throw': {
    status: 'not applicable',
    reason: "calls methods of Python's generators; here, an await calls then()",
  },
  'test_futures.py::BaseFutureTests::test_future_del_collect': {
    status: 'not applicable',
    reason: 'collects garbage in a finalizer; in JavaScript, finalizers never run during a call',
  },
  'test_futures.py::CFutureTests::test_future_del_segfault': {
    status: 'not applicable',
    reason: 'deletes private attributes of the C implementation',
  },
  'test_futures.py::BaseFutureDoneCallbackTests::test_remove_done_callbacks_list_mutation': {
    status: 'not applicable',
    reason:
      'changes the callbacks during a comparison; in JavaScript, comparing functions runs no code',
  },
  'test_futures.py::BaseFutureDoneCallbackTests::test_remove_done_callbacks_list_clear': {
    status: 'not applicable',
    reason:
      'changes the callbacks during a comparison; in JavaScript, comparing functions runs no code',
  },
  'test_futures.py::BaseFutureDoneCallbackTests::test_schedule_callbacks_list_mutation_2': {
    status: 'not applicable',
    reason:
      'changes the callbacks during a comparison; in JavaScript, comparing functions runs no code',
  },
  'test_futures.py::BaseFutureInheritanceTests::test_inherit_without_calling_super_init': {
    status: 'not applicable',
    reason: 'does not call the constructor of the base class; JavaScript itself rejects that',
  },
  'test_base_events.py::BaseEventLoopTests::test_not_implemented': {
    status: 'not applicable',
    reason: 'tests unimplemented methods of an abstract class; there is only one loop class here',
  },
  'test_threads.py::ToThreadTests::test_to_thread_contextvars': {
    status: 'differs',
    reason: 'threads do not share objects, so context variables are not passed on',
    entry: 'calls-in-threads',
  },
  'test_pep492.py::LockTests::test_context_manager_with_await': {
    status: 'not applicable',
    reason: 'tests a `with` statement on an await; JavaScript has no such statement',
  },
  'test_pep492.py::CoroutineTests::test_types_coroutine': {
    status: 'not applicable',
    reason: 'turns a generator into a coroutine; JavaScript only has async functions',
  },
  'test_base_events.py::BaseEventTests::test_ipaddr_info_no_inet_pton': {
    status: 'not applicable',
    reason: 'removes a function from the socket module',
  },
  'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_no_inet_pton': {
    status: 'not applicable',
    reason: 'removes a function from the socket module',
  },
  'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_server_nosoreuseport': {
    status: 'not applicable',
    reason: 'removes an option from the socket module',
  },
  'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_datagram_endpoint_nosoreuseport':
    {
      status: 'not applicable',
      reason: 'removes an option from the socket module',
    },
  'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_server_soreuseport_only_defined':
    {
      status: 'not applicable',
      reason: 'removes an option from the socket module',
    },
  'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_bluetooth': {
    status: 'not applicable',
    reason: 'tests an address family that is not supported',
  },
  'test_pep492.py::CoroutineTests::test_iscoroutine': {
    status: 'differs',
    reason:
      'coroutines are recognized by their class; Python accepts any object with their methods',
    entry: 'coroutine-functions',
  },
  'test_base_events.py::BaseEventLoopTests::test_check_thread': {
    status: 'not applicable',
    reason: 'calls a loop from another thread; threads in Node do not share objects',
  },
  'test_tasks.py::BaseTaskTests::test_generic_alias': {
    status: 'not applicable',
    reason: 'tests the run-time form of a type annotation; TypeScript erases them',
  },
  'test_tasks.py::CTask_CFuture_Tests::test_refleaks_in_task___init__': {
    status: 'not applicable',
    reason: 'counts references in the C implementation',
  },
  'test_tasks.py::GenericTaskTests::test_asyncio_module_compiled': {
    status: 'not applicable',
    reason: 'imports the C implementation',
  },
  'test_tasks.py::BaseTaskTests::test_task_cancel_message_setter': {
    status: 'not applicable',
    reason: 'sets a private attribute',
  },
  'test_tasks.py::BaseTaskTests::test_get_stack': {
    status: 'differs',
    reason:
      'getStack() lists the innermost frame first, so with a limit of one, it returns the innermost, not the outermost',
    entry: 'where-a-task-waits',
  },
  'test_tasks.py::BaseTaskTests::test_log_traceback': {
    status: 'not applicable',
    reason: 'sets a private attribute',
  },
  'test_tasks.py::BaseTaskTests::test_exception_chaining_after_await': {
    status: 'differs',
    reason: 'Python chains errors to the one that is being handled; JavaScript only has cause',
    entry: 'chained-exceptions',
  },
  'test_tasks.py::BaseTaskTests::test_exception_chaining_after_await_with_context_cycle': {
    status: 'differs',
    reason: 'Python chains errors to the one that is being handled; JavaScript only has cause',
    entry: 'chained-exceptions',
  },
  'test_tasks.py::BaseTaskTests::test_error_in_call_soon': {
    status: 'not applicable',
    reason: 'makes call_soon() fail for a new task; here, a task does not call it',
  },
  'test_tasks.py::BaseTaskTests::test_coroutine_non_gen_function_return_future': {
    status: 'differs',
    reason: 'an async function that returns a future returns the result of the future',
    entry: 'returned-futures',
  },
  'test_tasks.py::BaseTaskTests::test_iscoroutinefunction': {
    status: 'differs',
    reason: 'a plain async function is not a coroutine function: its calls start at once',
    entry: 'coroutine-functions',
  },
  'test_tasks.py::BaseTaskTests::test_task_repr': {
    status: 'differs',
    reason: 'V8 does not show at which line a task waits, so its definition is printed',
    entry: 'where-a-task-waits',
  },
  'test_tasks.py::BaseTaskTests::test_cancel_with_message_then_future_result': {
    status: 'differs',
    reason: 'a message must be a string',
    entry: 'messages-of-a-cancel',
  },
  'test_tasks.py::BaseTaskTests::test_cancel_with_message_then_future_exception': {
    status: 'differs',
    reason: 'a message must be a string',
    entry: 'messages-of-a-cancel',
  },
  'test_tasks.py::BaseTaskTests::test_log_destroyed_pending_task': {
    status: 'differs',
    reason: 'the loop keeps its tasks alive, and reports pending ones when it is closed',
    entry: 'tasks-are-held',
  },
  'test_tasks.py::BaseTaskTests::test_step_result_future': {
    status: 'differs',
    reason:
      'a task awaits a future through then(), so an overridden addDoneCallback() is not called',
    entry: 'subclassed-futures',
  },
  'test_tasks.py::CTask_CFuture_Tests::test_del__log_destroy_pending_segfault': {
    status: 'not applicable',
    reason: 'deletes private attributes of the C implementation',
  },
  'test_runners.py::RunTests::test_asyncio_run_only_coro': {
    status: 'differs',
    reason: 'a TypeError, as in Python 3.14; functions are accepted',
    entry: 'what-run-accepts',
  },
  'test_runners.py::RunnerTests::test_run_non_coro': {
    status: 'differs',
    reason: 'a TypeError, as in Python 3.14',
    entry: 'what-run-accepts',
  },
  'test_runners.py::RunnerTests::test_run_future': {
    status: 'differs',
    reason: 'a future is awaited, as in Python 3.14; before, it was rejected',
    entry: 'what-run-accepts',
  },
  'test_locks.py::LockTests::test_lock': {
    status: 'not applicable',
    reason: 'awaits the lock itself; JavaScript can await anything',
  },
  'test_locks.py::LockTests::test_lock_by_with_statement': {
    status: 'not applicable',
    reason: 'awaits the lock itself; JavaScript can await anything',
  },
  'test_locks.py::LockTests::test_lock_doesnt_accept_loop_parameter': {
    status: 'not applicable',
    reason: 'passes an argument that was removed in Python 3.10; TypeScript rejects it',
  },
  'test_locks.py::SemaphoreTests::test_semaphore': {
    status: 'not applicable',
    reason: 'awaits the semaphore itself; JavaScript can await anything',
  },
  'test_locks.py::BarrierTests::test_barrier': {
    status: 'not applicable',
    reason: 'awaits the barrier itself; JavaScript can await anything',
  },
  'test_queues.py::QueueBasicTests::test_generic_alias': {
    status: 'not applicable',
    reason: 'tests the run-time form of a type annotation; TypeScript erases them',
  },
  'test_queues.py::QueueBasicTests::test_repr': {
    status: 'differs',
    reason: 'objects have no address, and only one printed form',
    entry: 'addresses',
  },
  'test_tasks.py::BaseTaskTests::test_cancel_gather_2': {
    status: 'differs',
    reason: 'a message must be a string',
    entry: 'messages-of-a-cancel',
  },
  'test_context.py::DecimalContextTest::test_asyncio_task_decimal_context': {
    status: 'not applicable',
    reason: "tests Python's decimal module",
  },
  'test_sslproto.py::SslProtoHandshakeTests::test_fatal_error_no_name_error': {
    status: 'not applicable',
    reason: 'calls a private method that reports an error, without an error',
  },
  'test_streams.py::StreamTests::test_unclosed_resource_warnings': {
    status: 'differs',
    reason: 'the connection of a garbage-collected writer is closed with the loop',
    entry: 'what-is-left-open-is-closed-with-the-loop',
  },
  'test_streams.py::StreamTests::test_loop_is_closed_resource_warnings': {
    status: 'differs',
    reason: 'the connection of a garbage-collected writer is closed with the loop',
    entry: 'what-is-left-open-is-closed-with-the-loop',
  },
  'test_transports.py::TransportTests::test_not_implemented': {
    status: 'not applicable',
    reason:
      'instantiates an abstract class; TypeScript rejects that, and a subclass without the methods',
  },
  'test_transports.py::TransportTests::test_subprocess_transport_not_implemented': {
    status: 'not applicable',
    reason:
      'instantiates an abstract class; TypeScript rejects that, and a subclass without the methods',
  },
  'test_transports.py::TransportTests::test_dgram_not_implemented': {
    status: 'not applicable',
    reason:
      'instantiates an abstract class; TypeScript rejects that, and a subclass without the methods',
  },
  ...notApplicable(
    'creates a loop without the ssl module; Node always has node:tls',
    'test_selector_events.py::BaseSelectorEventLoopTests',
    'test_make_ssl_transport_without_ssl_error',
  ),
  ...notApplicable(
    'tests the self-pipe that wakes a selector; Node wakes its own loop',
    'test_selector_events.py::BaseSelectorEventLoopTests',
    'test_close_no_selector',
    'test_read_from_self_tryagain',
    'test_read_from_self_exception',
    'test_write_to_self_tryagain',
    'test_write_to_self_exception',
  ),
  ...notApplicable(
    "cancels a handle in a selector's private table",
    'test_selector_events.py::BaseSelectorEventLoopTests',
    'test_process_events_read_cancelled',
    'test_process_events_write_cancelled',
  ),
  ...notApplicable(
    'interrupts a system call with a signal; in Node, signals do not interrupt system calls',
    'test_selector_events.py::SelectorSocketTransportTests',
    'test_read_ready_tryagain_interrupted',
  ),
  ...notApplicable(
    'interrupts a system call with a signal; in Node, signals do not interrupt system calls',
    'test_selector_events.py::SelectorSocketTransportBufferedProtocolTests',
    'test_read_ready_tryagain_interrupted',
  ),
  ...notApplicable(
    'calls a private method when it must not be called',
    'test_selector_events.py::SelectorSocketTransportTests',
    'test_write_ready_no_data',
  ),
  ...notApplicable(
    'calls a private method when it must not be called',
    'test_selector_events.py::SelectorDatagramTransportTests',
    'test_sendto_ready_no_data',
    'test_fatal_error_connected',
  ),
  'test_selector_events.py::SelectorDatagramTransportTests::test_sendto_no_data': {
    status: 'differs',
    reason: 'an empty datagram is sent, as in Python 3.13',
    entry: 'empty-datagrams',
  },
  ...notApplicable(
    'calls a loop from another thread; threads in Node do not share objects',
    'test_events.py::EventLoopTestsMixin',
    'test_call_soon_threadsafe',
  ),
  'test_base_events.py::BaseLoopSockSendfileTests::test_nonbinary_file': {
    status: 'not applicable',
    reason: "opens a file in text mode; Node's files only have bytes",
  },
  ...alike(
    'test_events.py::EventLoopTestsMixin',
    {
      status: 'differs',
      reason: "getExtraInfo() returns the cipher and certificates in Node's form",
      entry: 'tls-is-nodes',
    },
    'test_create_ssl_connection',
    'test_create_ssl_unix_connection',
    'test_create_server_ssl',
    'test_create_server_ssl_verified',
  ),
  'test_events.py::EventLoopTestsMixin::test_create_server_ssl_match_failed': {
    status: 'differs',
    reason: "the same error, with Node's message",
    entry: 'tls-is-nodes',
  },
  ...notApplicable(
    "counts the descriptors of CPython's self-pipe",
    'test_events.py::EventLoopTestsMixin',
    'test_internal_fds',
  ),
  ...notApplicable(
    "counts the calls of a private method; Node's timers are rounded by Node",
    'test_events.py::EventLoopTestsMixin',
    'test_timeout_rounding',
  ),
  ...notApplicable(
    'tests the event loop for Windows I/O completion ports',
    'test_events.py::ProactorEventLoopTests',
    'test_reader_callback',
    'test_reader_callback_cancel',
    'test_writer_callback',
    'test_writer_callback_cancel',
    'test_remove_fds_after_closing',
  ),
  ...notApplicable(
    'creates a weak reference; JavaScript can create one to any object',
    'test_events.py::HandleTests',
    'test_handle_weakref',
  ),
  ...notApplicable(
    'prints objects that imitate coroutines, by their attributes',
    'test_events.py::HandleTests',
    'test_coroutine_like_object_debug_formatting',
  ),
  'test_events.py::HandleTests::test_handle_repr': {
    status: 'differs',
    reason: 'V8 does not show where a function is defined',
    entry: 'where-functions-are-defined',
  },
  'test_events.py::TimerTests::test_timer_repr': {
    status: 'differs',
    reason: 'V8 does not show where a function is defined',
    entry: 'where-functions-are-defined',
  },
  'test_events.py::HandleTests::test_handle_repr_debug': {
    status: 'differs',
    reason: 'a handle shows where it was created, not where its function is defined',
    entry: 'where-functions-are-defined',
  },
  'test_events.py::TimerTests::test_timer_repr_debug': {
    status: 'differs',
    reason: 'a handle shows where it was created, not where its function is defined',
    entry: 'where-functions-are-defined',
  },
  ...notApplicable(
    'compares and hashes objects with operators; JavaScript cannot overload them',
    'test_events.py::TimerTests',
    'test_hash',
    'test_timer_comparison',
  ),
  ...notApplicable(
    'calls methods of an abstract class; there is only one loop class here',
    'test_events.py::AbstractEventLoopTests',
    'test_not_implemented',
    'test_not_implemented_async',
  ),
  ...notApplicable(
    'calls methods of an abstract class; there is only one server class here',
    'test_events.py::TestAbstractServer',
    'test_close',
    'test_wait_closed',
    'test_get_loop',
  ),
  ...notApplicable(
    'tests event loop policies, which Python has deprecated and will remove',
    'test_events.py::PolicyTests',
    'test_event_loop_policy',
    'test_get_event_loop_calls_set_event_loop',
    'test_get_event_loop_policy',
    'test_set_event_loop_policy',
  ),
  ...notApplicable(
    'gets a loop in another thread; in Node, every thread has its own',
    'test_events.py::PolicyTests',
    'test_get_event_loop_thread',
  ),
  'test_events.py::PolicyTests::test_get_event_loop': {
    status: 'differs',
    reason: 'no loop is created implicitly, as in Python 3.14',
    entry: 'the-current-loop',
  },
  ...notApplicable(
    'forks the process; Node cannot do that',
    'test_events.py::GetEventLoopTestsMixin',
    'test_get_event_loop_new_process',
  ),
  ...notApplicable(
    "mocks a failing function of Python's signal module, which Node does not have",
    'test_unix_events.py::SelectorEventLoopSignalTests',
    'test_add_signal_handler_setup_error',
    'test_add_signal_handler_install_error',
    'test_add_signal_handler_install_error2',
    'test_remove_signal_handler_cleanup_error',
    'test_remove_signal_handler_error',
    'test_remove_signal_handler_error2',
  ),
  ...notApplicable(
    'calls a private method for a signal that has no handler',
    'test_unix_events.py::SelectorEventLoopSignalTests',
    'test_handle_signal_no_handler',
    'test_handle_signal_cancelled_handler',
  ),
  ...notApplicable(
    'closes a loop while the interpreter shuts down',
    'test_unix_events.py::SelectorEventLoopSignalTests',
    'test_close_on_finalizing',
  ),
  ...alike(
    'test_unix_events.py::SelectorEventLoopUnixSockSendfileTests',
    {
      status: 'differs',
      reason: 'a file without a descriptor is a TypeError, even with a fallback',
      entry: 'arguments-of-socksendfile',
    },
    'test_sock_sendfile_not_a_file',
    'test_sock_sendfile_iobuffer',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_unix_events.py::AbstractChildWatcherTests',
    'test_not_implemented',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_unix_events.py::BaseChildWatcherTests',
    'test_not_implemented',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_unix_events.py::ChildWatcherTestsMixin',
    'test_create_watcher',
    'test_sigchld',
    'test_sigchld_two_children',
    'test_sigchld_two_children_terminating_together',
    'test_sigchld_race_condition',
    'test_sigchld_replace_handler',
    'test_sigchld_remove_handler',
    'test_sigchld_unknown_status',
    'test_remove_child_handler',
    'test_sigchld_unhandled_exception',
    'test_sigchld_child_reaped_elsewhere',
    'test_sigchld_unknown_pid_during_registration',
    'test_set_loop',
    'test_set_loop_race_condition',
    'test_close',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_subprocess.py::GenericWatcherTests',
    'test_create_subprocess_fails_with_inactive_watcher',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_unix_events.py::PolicyTests',
    'test_get_default_child_watcher',
    'test_get_child_watcher_after_set',
    'test_get_child_watcher_thread',
    'test_child_watcher_replace_mainloop_existing',
  ),
  'test_futures2.py::FutureTests::test_task_exc_handler_correct_context': {
    status: 'differs',
    reason: 'the context of a garbage-collected task no longer exists',
    entry: 'reports-about-collected-objects',
  },
  ...notApplicable(
    'mocks a race of connection attempts with a result that cannot occur',
    'test_base_events.py::BaseEventLoopWithSelectorTests',
    'test_create_connection_happy_eyeballs_empty_exceptions',
  ),
  'test_tasks.py::BaseTaskTests::test_ensure_future_task_awaitable': {
    status: 'differs',
    reason: 'an object with a then() becomes a future, not a task',
    entry: 'wrapped-promises',
  },
  ...alike(
    'test_timeouts.py::TimeoutTests',
    {
      status: 'differs',
      reason: 'errors have a cause, but no context',
      entry: 'the-chain-of-a-timeout',
    },
    'test_foreign_exception_on_timeout_2',
    'test_timeout_exception_context',
    'test_timeout_taskgroup',
  ),
  ...alike(
    'test_streams.py::StreamTests',
    {
      status: 'differs',
      reason: 'the connection of a garbage-collected writer is closed with the loop',
      entry: 'what-is-left-open-is-closed-with-the-loop',
    },
    'test_unclosed_server_resource_warnings',
  ),
  ...notApplicable(
    'inspects the C implementation',
    'test_futures.py::CFutureTests',
    'test_future_iter_get_referents_segfault',
    'test_callbacks_copy',
  ),
  ...notApplicable(
    'tests StopIteration, which ends generators in Python; JavaScript has no such error',
    'test_futures.py::BaseFutureTests',
    'test_stop_iteration_exception',
    'test_stop_iteration_subclass_exception',
  ),
  ...notApplicable(
    'checks what refers to an object; JavaScript does not show that',
    'test_futures.py::BaseFutureTests',
    'test_future_cancelled_exception_refcycles',
    'test_future_cancelled_result_refcycles',
  ),
  ...notApplicable(
    'checks what refers to an object; JavaScript does not show that',
    'test_streams.py::StreamTests',
    'test_open_connection_happy_eyeball_refcycles',
  ),
  ...notApplicable(
    'checks what refers to an object; JavaScript does not show that',
    'test_taskgroups.py::BaseTestTaskGroup',
    'test_exception_refcycles_base_error',
    'test_exception_refcycles_direct',
    'test_exception_refcycles_errors',
    'test_exception_refcycles_parent_task',
    'test_exception_refcycles_parent_task_wr',
    'test_exception_refcycles_propagate_cancellation_error',
  ),
  ...notApplicable(
    'checks what refers to an object; JavaScript does not show that',
    'test_tasks.py::BaseTaskTests',
    'test_proper_refcounts',
  ),
  ...notApplicable(
    'overrides a finalizer; JavaScript objects have none',
    'test_tasks.py::BaseTaskTests',
    'test_task_not_crash_without_finalization',
  ),
  ...notApplicable(
    'resurrects a task in its finalizer; JavaScript objects have none',
    'test_tasks.py::BaseTaskIntrospectionTests',
    'test_register_task_resurrection',
  ),
  ...notApplicable(
    'changes the callbacks during a comparison; in JavaScript, comparing functions runs no code',
    'test_futures.py::BaseFutureDoneCallbackTests',
    'test_use_after_free_on_fut_callback_0_with_evil__eq__',
  ),
  ...notApplicable(
    'changes the callbacks in call_soon(); here, a future does not call it',
    'test_futures.py::BaseFutureDoneCallbackTests',
    'test_evil_call_soon_list_mutation',
    'test_use_after_free_on_fut_callback_0_with_evil__getattribute__',
    'test_use_after_free_on_fut_context_0_with_evil__getattribute__',
  ),
  ...notApplicable(
    'runs the loop with its private methods; here, Node runs the turns',
    'test_base_events.py::BaseEventLoopTests',
    'test_custom_run_forever_integration',
  ),
  ...notApplicable(
    'calls a loop from another thread; threads in Node do not share objects',
    'test_events.py::EventLoopTestsMixin',
    'test_call_soon_threadsafe_handle_block_cancellation',
    'test_call_soon_threadsafe_handle_block_check_cancelled',
    'test_call_soon_threadsafe_handle_cancel_other_thread',
  ),
  ...notApplicable(
    'calls a loop from another thread; threads in Node do not share objects',
    'test_free_threading.py::TestFreeThreading',
    'test_all_tasks_different_thread',
    'test_all_tasks_race',
    'test_run_coroutine_threadsafe',
    'test_run_coroutine_threadsafe_exception',
    'test_task_different_thread_finalized',
  ),
  ...notApplicable(
    'tests event loop policies, which Python has deprecated and will remove',
    'test_events.py::PolicyTests',
    'test_abstract_event_loop_policy_deprecation',
    'test_default_event_loop_policy_deprecation',
  ),
  ...notApplicable(
    'forks the process; Node cannot do that',
    'test_unix_events.py::TestFork',
    'test_fork_asyncio_run',
    'test_fork_asyncio_subprocess',
    'test_fork_not_share_current_task',
    'test_fork_not_share_event_loop',
    'test_fork_signal_handling',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_unix_events.py::AbstractChildWatcherTests',
    'test_warns_on_subclassing',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_subprocess.py::GenericWatcherTests',
    'test_create_subprocess_with_pidfd',
  ),
  ...notApplicable(
    'tests child watchers, which Python 3.14 has removed',
    'test_subprocess.py::MultiLoopChildWatcherTests',
    'test_warns',
  ),
  ...notApplicable(
    "inspects the loop's private child watcher; Node waits for children",
    'test_subprocess.py::SubprocessWatcherMixin',
    'test_watcher_implementation',
  ),
  ...notApplicable(
    'tests the event loop for Windows I/O completion ports',
    'test_sock_lowlevel.py::ProactorEventLoopTests',
    'test_datagram_send_to_non_listening_address_recvfrom',
    'test_datagram_send_to_non_listening_address_recvfrom_into',
  ),
  ...notApplicable(
    'prints data that Python reads from the memory of another process; `asyncio-ts ps` requests it from the process',
    'test_tools.py::TestAsyncioToolsTree',
    'test_asyncio_utils',
    'test_asyncio_utils_cycles',
  ),
  ...notApplicable(
    'prints data that Python reads from the memory of another process; `asyncio-ts ps` requests it from the process',
    'test_tools.py::TestAsyncioToolsTable',
    'test_asyncio_utils',
  ),
  ...notApplicable(
    'prints data that Python reads from the memory of another process; `asyncio-ts ps` requests it from the process',
    'test_tools.py::TestAsyncioToolsBasic',
    'test_empty_input_tree',
    'test_empty_input_table',
    'test_only_independent_tasks_tree',
    'test_only_independent_tasks_table',
    'test_single_task_tree',
    'test_single_task_table',
    'test_cycle_detection',
    'test_complex_tree',
    'test_complex_table',
    'test_deep_coroutine_chain',
    'test_multiple_cycles_same_node',
    'test_table_output_format',
  ),
  ...notApplicable(
    'prints data that Python reads from the memory of another process; `asyncio-ts ps` requests it from the process',
    'test_tools.py::TestAsyncioToolsEdgeCases',
    'test_task_awaits_self',
    'test_task_with_missing_awaiter_id',
    'test_duplicate_coroutine_frames',
    'test_task_with_no_name',
    'test_tree_rendering_with_custom_emojis',
  ),
};
