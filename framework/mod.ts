/**
 * Controllers, modules and dependency injection over any fetch-shaped server: what an argument is stands in the route's list,
 * and the compiler checks the list.
 *
 * The decorators of classes and methods serve TC39 and `experimentalDecorators`; decorators of parameters are not there yet.
 * Nothing here loads native code; `app.listen` does, when it is called.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Module, Param, ParseIntPipe } from "@millrace/millrace/framework";
 *
 * @Controller("/users")
 * class UsersController {
 *   @Get("/:id", Param("id", ParseIntPipe))
 *   find(id: number): { id: number } {
 *     return { id };
 *   }
 * }
 *
 * @Module({ controllers: [UsersController] })
 * class AppModule {}
 *
 * const app = createApp(AppModule);
 * const response = await app.fetch(new Request("http://localhost/users/42"));
 * assertEquals(await response.json(), { id: 42 });
 * ```
 *
 * @module
 */
export {
  App,
  type AppOptions,
  type AppServeOptions,
  createApp,
  MAX_JSON_BYTES,
  type OnApplicationShutdown,
  type OnModuleInit,
} from "./app.ts";
export {
  type ClassDecorates,
  Controller,
  type FitsConstructor,
  Injectable,
  Module,
  type ModuleOptions,
} from "./decorators/class.ts";
export {
  All,
  Delete,
  type FitsMethod,
  Get,
  Head,
  HttpCode,
  type MethodContext,
  type MethodDecorates,
  Options,
  Patch,
  Post,
  Put,
  type RouteDecorator,
} from "./decorators/route.ts";
export { inject } from "./di/inject.ts";
export {
  type ClassProvider,
  type ExistingProvider,
  type FactoryProvider,
  type Provide,
  provide,
  type Provider,
  type ValueProvider,
} from "./di/provider.ts";
export { type Class, type Constructor, InjectionToken, type Token, type Tokens } from "./di/token.ts";
export {
  BadRequest,
  Conflict,
  Forbidden,
  HttpError,
  type HttpErrorOptions,
  InternalServerError,
  type Issue,
  MillraceError,
  NotFound,
  PayloadTooLarge,
  ResolveError,
  RouteError,
  Unauthorized,
  UnprocessableContent,
  UnsupportedMediaType,
  ValidationError,
} from "./error.ts";
export type { Handler } from "./meta.ts";
export type { Dispatch, ErrorContext, OnError } from "./pipeline/dispatch.ts";
export {
  Body,
  Extractor,
  type Extractors,
  Header,
  type NamedExtractor,
  Param,
  Query,
  Req,
} from "./pipeline/extractor.ts";
export type { ErrorBody } from "./pipeline/fail.ts";
export type { Incoming } from "./pipeline/incoming.ts";
export {
  type Absent,
  DefaultValuePipe,
  ParseBoolPipe,
  ParseFloatPipe,
  ParseIntPipe,
  type ParseOptions,
  type Pipe,
  type PipeContext,
  type PipeLike,
  type Source,
} from "./pipeline/pipe.ts";
export type { Reply } from "./pipeline/reply.ts";
export type {
  SchemaOutput,
  StandardIssue,
  StandardKey,
  StandardResult,
  StandardSchema,
} from "./pipeline/schema.ts";
