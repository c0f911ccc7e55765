import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Controller, Injectable, Module, type ModuleOptions } from "../decorators/class.ts";
import { ResolveError } from "../error.ts";
import { Container } from "./container.ts";
import { inject } from "./inject.ts";
import { provide, type Provider } from "./provider.ts";
import { type Constructor, InjectionToken, type Token } from "./token.ts";

const Name = new InjectionToken<string>("Name");

function container(options: ModuleOptions): Container {
  @Module(options)
  class Root {}
  return new Container(Root);
}

function failure(options: ModuleOptions): ResolveError {
  return assertThrows(() => container(options), ResolveError);
}

Deno.test("container: classes, values and factories, each built once", () => {
  let built = 0;
  class Leaf {
    readonly number = ++built;
  }
  @Injectable(Leaf, Name)
  class Tree {
    readonly leaf: Leaf;
    readonly name: string;
    constructor(leaf: Leaf, name: string) {
      this.leaf = leaf;
      this.name = name;
    }
  }
  abstract class Wood {
    abstract readonly trees: number;
  }
  class Grove implements Wood {
    readonly trees = inject(Tree).leaf.number;
  }
  const Length = new InjectionToken<number>("Length");
  const app = container({
    providers: [
      Tree,
      provide(Length).factory((name, leaf) => name.length + leaf.number, Name, Leaf),
      provide(Name).factory(() => `leaf ${inject(Leaf).number}`),
      Leaf,
      provide(Wood).class(Grove),
      { provide: new InjectionToken("by hand"), useValue: undefined },
    ],
  });
  assertEquals(built, 1);
  assertStrictEquals(app.get(Tree), app.get(Tree));
  assertStrictEquals(app.get(Tree).leaf, app.get(Leaf));
  assertEquals([app.get(Tree).name, app.get(Length), app.get(Wood).trees], ["leaf 1", 7, 1]);
  assertEquals([...app.built].map((at) => typeof at === "object" ? at?.constructor.name : at), [
    ...["Leaf", "leaf 1", "Tree", 7, "Grove", "Root"],
  ]);
});

Deno.test("container: a subclass without a list of its own uses its base's", () => {
  @Injectable(Name)
  class Base {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
  }
  class Sub extends Base {}
  assertEquals(container({ providers: [Sub, provide(Name).value("n")] }).get(Sub).name, "n");
});

Deno.test("container: a subclass with a constructor of its own does not get its base's list", () => {
  class Other {}
  @Injectable(Name)
  class Base {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
  }
  class Own extends Base {
    readonly other: Other;
    constructor(other: Other) {
      super("own");
      this.other = other;
    }
  }
  class Below extends Own {}
  const name = provide(Name).value("n");
  for (const type of [Own, Below]) {
    const error = failure({ providers: [type, Other, name] });
    assertEquals(error.cure, `put @Injectable(...) with a token for each parameter on ${type.name}`);
  }
  @Controller()
  class Site extends Base {
    constructor() {
      super("site");
    }
  }
  assertEquals(container({ controllers: [Site] }).get(Site).name, "site");
  // What a class of the platform takes is its own affair.
  class Failure extends Error {}
  assertEquals(container({ providers: [Failure] }).get(Failure).message, "");
});

Deno.test("container: existing gives one instance by two names", () => {
  class Store {
    readonly open = true;
  }
  abstract class Port {
    abstract readonly open: boolean;
  }
  const Alias = new InjectionToken<Port>("Alias");
  @Module({ providers: [Store, provide(Port).existing(Store)], exports: [Port] })
  class Inner {}
  const app = container({ imports: [Inner], providers: [{ provide: Alias, useExisting: Port }] });
  assertStrictEquals(app.get(Alias), app.get(Store));
  assertStrictEquals(app.get(Port), app.get(Store));
  assertEquals([...app.built].filter((at) => at instanceof Store).length, 1);
  assertStringIncludes(
    failure({ providers: [provide(Port).existing(Store)] }).message,
    "cannot resolve Store: the alias Port, in Root",
  );
  assertEquals(failure({ providers: [provide(Port).existing(Port)] }).tokens, ["Port", "Port"]);
});

Deno.test("container: a module's own stays inside unless it is exported; modules pass on what they import", () => {
  class Hidden {}
  class Open {
    readonly hidden = inject(Hidden);
  }
  @Module({ providers: [Hidden, Open], exports: [Open] })
  class Inner {}
  @Module({ imports: [Inner], exports: [Inner] })
  class Middle {}
  class User {
    readonly open = inject(Open);
  }
  const app = container({ imports: [Middle, Inner], providers: [User] });
  assertStrictEquals(app.get(User).open, app.get(Open));
  assertStrictEquals(app.get(Open).hidden, app.get(Hidden));

  class Thief {
    readonly hidden = inject(Hidden);
  }
  const error = failure({ imports: [Inner], providers: [Thief] });
  assertEquals(error.tokens, ["Hidden"]);
  assertStringIncludes(
    error.message,
    "cannot resolve Hidden: inject() in Thief, in Root; Inner has it and does not export it",
  );
  assertEquals(error.cure, "add Hidden to exports of Inner");
});

Deno.test("container: own providers win over imported ones", () => {
  @Module({ providers: [provide(Name).value("imported")], exports: [Name] })
  class Inner {}
  assertEquals(container({ imports: [Inner], providers: [provide(Name).value("own")] }).get(Name), "own");
  assertEquals(container({ imports: [Inner] }).get(Name), "imported");
});

Deno.test("container: a class in two modules is two instances", () => {
  class Shared {}
  class One {
    readonly shared = inject(Shared);
  }
  class Two {
    readonly shared = inject(Shared);
  }
  @Module({ providers: [Shared, One] })
  class First {}
  @Module({ providers: [Shared, Two] })
  class Second {}
  const app = container({ imports: [First, Second] });
  assertNotStrictEquals(app.get(One).shared, app.get(Two).shared);
  const error = assertThrows(() => app.get(Shared), ResolveError);
  assertStringIncludes(error.message, "Shared is provided by First and Second");
});

Deno.test("container: what is missing says what, where, and how to mend it", () => {
  class Store {}
  @Injectable(Store)
  class Shop {
    constructor(store: Store) {
      void store;
    }
  }
  assertEquals(
    failure({ providers: [Shop] }).cure,
    "add Store to providers of Root, or import a module that exports it",
  );
  assertStringIncludes(
    failure({ providers: [Shop] }).message,
    "argument 0 of the constructor of Shop, in Root",
  );

  @Module({ providers: [Store], exports: [Store] })
  class StoreModule {}
  @Module({ providers: [Shop] })
  class ShopModule {}
  assertEquals(
    failure({ imports: [StoreModule, ShopModule] }).cure,
    "add StoreModule to imports of ShopModule",
  );

  @Module({ providers: [Store] })
  class ClosedModule {}
  assertEquals(
    failure({ imports: [ClosedModule, ShopModule] }).cure,
    "add Store to exports of ClosedModule and add ClosedModule to imports of ShopModule",
  );

  const Count = new InjectionToken<number>("Count");
  assertStringIncludes(
    failure({ providers: [provide(Count).factory((name) => name.length, Name)] }).message,
    "cannot resolve Name: argument 0 of the factory of Count, in Root",
  );

  class Bare {
    constructor(store: Store) {
      void store;
    }
  }
  assertStringIncludes(failure({ providers: [Bare] }).cure, "put @Injectable(...)");
  assertThrows(() => container({}).get(Store), ResolveError, "no module of the app provides Store");
});

Deno.test("container: circular dependencies are named in full, with the cure", () => {
  class First {
    readonly next: unknown = inject(Second);
  }
  class Second {
    readonly next: unknown = inject(Third);
  }
  class Third {
    readonly next: unknown = inject(First);
  }
  class Entry {
    readonly first = inject(First);
  }
  const error = failure({ providers: [Entry, First, Second, Third] });
  assertEquals(error.tokens, ["First", "Second", "Third", "First"]);
  assertStringIncludes(error.message, "circular dependency: First -> Second -> Third -> First");
  assertEquals(error.cure, "move what First and Third share into a provider of its own that both ask for");

  class Self {
    readonly self: unknown = inject(Self);
  }
  assertEquals(failure({ providers: [Self] }).tokens, ["Self", "Self"]);
});

Deno.test("container: modules that are not sound", () => {
  class Plain {}
  assertStringIncludes(
    failure({ imports: [Plain] }).message,
    "Plain, given to imports[0] of Root, is no module",
  );
  assertStringIncludes(assertThrows(() => new Container(Plain), ResolveError).message, "given to createApp");
  const absent = [undefined] as unknown as Constructor[];
  assertStringIncludes(failure({ imports: absent }).cure, "two files import each other");
  assertStringIncludes(failure({ providers: absent }).message, "providers[0] of Root is undefined");
  assertStringIncludes(failure({ providers: [{} as unknown as Provider] }).message, "is for no token");
  assertStringIncludes(failure({ providers: [Plain, Plain] }).message, "Root provides Plain twice");
  assertStringIncludes(
    failure({ exports: [Plain] }).message,
    "Root exports Plain, which it neither provides nor imports",
  );
  assertStringIncludes(failure({ controllers: [Plain] }).message, "is no controller");
  assertStringIncludes(
    failure({ providers: [{ provide: Name } as unknown as Provider] }).message,
    "says neither value, class, factory nor other token",
  );

  @Module({ providers: [Plain], exports: [Plain] })
  class One {}
  @Module({ providers: [Plain], exports: [Plain] })
  class Two {}
  assertStringIncludes(failure({ imports: [One, Two] }).message, "imports Plain from both One and Two");

  const imports: Constructor[] = [];
  @Module({ imports })
  class Circle {}
  imports.push(Circle);
  assertEquals(failure({ imports: [Circle] }).tokens, ["Circle", "Circle"]);
});

Deno.test("container: a token that is undefined is told at the decorator", () => {
  const later = undefined as unknown as Token<string>;
  assertThrows(
    () => {
      @Injectable(later)
      class Early {
        constructor(name: string) {
          void name;
        }
      }
      return Early;
    },
    TypeError,
    "@Injectable of Early: token 0 is undefined",
  );
  const error = failure({ providers: [provide(Name).factory((name) => name, later)] });
  assertStringIncludes(error.cure, "two files import each other");
});

Deno.test("container: factories are synchronous", () => {
  const error = failure({
    providers: [
      provide(new InjectionToken<Promise<string>>("Later")).factory(() =>
        Promise.reject(new Error("unseen"))
      ),
    ],
  });
  assertStringIncludes(error.message, "the factory of Later (Root) gave a promise");
});

Deno.test("container: what a constructor throws comes through, and inject is shut again", () => {
  class Broken {
    constructor() {
      throw new RangeError("broken");
    }
  }
  assertThrows(() => container({ providers: [Broken] }), RangeError, "broken");
  const error = assertThrows(() => inject(Broken), ResolveError);
  assertStringIncludes(error.message, "inject(Broken) was called while nothing is being built");
});

Deno.test("container: controllers are built with their dependencies and found by their class", () => {
  @Controller("/a", Name)
  class Site {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
  }
  const app = container({ controllers: [Site], providers: [provide(Name).value("n")] });
  assertEquals(app.get(Site).name, "n");
  assertEquals(app.controllers.map((at) => at.type), [Site]);
});
